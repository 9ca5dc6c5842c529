import { readFileSync } from 'node:fs';

/** The version of this package: what a plugin's peer range is held against. */
export const CORE_VERSION: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;
