/** What of a call of `run` means many inputs. */
import { existsSync, statSync } from 'node:fs';

const PATTERN = /[*?[\]{}]/;
const RESULTS = /\.(ndjson|jsonl)$/i;

/** Whether an `--input` stands for more than itself. Texts never do: a value may be spelled with any sign. */
export function isMany(name: string, isPicture: boolean): boolean {
  return name === '-' || (isPicture && (isFolder(name) || (PATTERN.test(name) && !existsSync(name))));
}

/** Whether an `--out` names a file of results. */
export function isResults(out: string | undefined): boolean {
  return out !== undefined && RESULTS.test(out);
}

export function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
