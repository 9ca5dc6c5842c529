/** What a page tells its reader to type. */
import { readFileSync } from 'node:fs';

/** The fenced blocks of a language on a page of Markdown, in their order. */
export function blocksOf(page: string, language: string): string[] {
  const fences = readFileSync(page, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...fences].filter(([, of]) => of === language).map(([, , text]) => text!);
}
