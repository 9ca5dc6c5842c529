import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ERRORS } from '../../packages/core/dist/index.js';

const page = readFileSync(new URL('../../docs/write-a-plugin.md', import.meta.url), 'utf8');

test('the page for authors names every error of a plugin’s package, and none that is not there', () => {
  const named = new Set([...page.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code]) => code!));
  for (const code of named) expect(Object.keys(ERRORS)).toContain(code);
  const ofPackages = Object.keys(ERRORS).filter((code) => /^(MANIFEST|WEIGHTS)_|^SPACE_MISMATCH$/.test(code));
  expect([...named]).toEqual(expect.arrayContaining(ofPackages));
});
