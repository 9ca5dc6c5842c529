/**
 * docs/quick-start.md as a script. Its `console` blocks hold commands, `$ …` in a user's folder and `repository$ …` in
 * this repository, each with what it prints; its table translates npm's words into those of the other managers.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.js';

export const QUICK_START = join(root, 'docs/quick-start.md');

export interface Step {
  where: 'project' | 'repository';
  command: string;
  /** What the page says that it prints: lines, each with its end. */
  printed: string;
}

export interface Section {
  title: string;
  where: Step['where'];
  steps: Step[];
}

export interface Page {
  sections: Section[];
  /** By the name in the head of the table: npm's words and those of this manager. */
  words: Record<string, [npm: string, own: string][]>;
  /** Files that a reader is given: name, and where it lies. */
  files: [name: string, path: string][];
  /** The page with what the steps did print, in their order. */
  withPrinted(printed: readonly string[]): string;
}

const BLOCK = /^```console\n(.*?)^```$/gms;

export function readPage(): Page {
  const text = readFileSync(QUICK_START, 'utf8');
  const sections = text.split(/^## /m).flatMap((part) => {
    const steps = [...part.matchAll(BLOCK)].flatMap(([, block]) => stepsOf(block!));
    const [first] = steps;
    return first ? [{ title: part.split('\n')[0]!, where: first.where, steps }] : [];
  });
  const [head, , ...rows] = [...text.matchAll(/^\|(.*)\|$/gm)].map(([, row]) => cellsOf(row!));
  const words = Object.fromEntries(
    head!.map((name, column) => [name, rows.map((row) => [row[0]!, row[column]!] as [string, string])]),
  );
  const files = [...text.matchAll(/\[([\w-]+\.png)\]\((.*?)\)/g)].map(
    ([, name, path]) => [name!, join(root, 'docs', path!)] as [string, string],
  );
  return { sections, words, files, withPrinted: (printed) => filled(text, printed) };
}

/** Whether two outputs are the same but for versions and digests, and the widths of columns that follow from them. */
export function isSame(a: string, b: string): boolean {
  const settled = (text: string) =>
    text
      .replace(/\d+\.\d+\.\d+/g, 'VERSION')
      .replace(/sha256-[0-9a-f]+/g, 'sha256-DIGEST')
      .replace(/ +/g, ' ');
  return settled(a) === settled(b);
}

/** The command in the words of a manager. */
export function translated(command: string, words: readonly [string, string][]): string {
  for (const [npm, own] of words)
    if (command.startsWith(`${npm} `)) return `${own}${command.slice(npm.length)}`;
  throw new Error(`docs/quick-start.md has no translation of “${command}”`);
}

function stepsOf(block: string): Step[] {
  return block.split(/^(?=(?:repository)?\$ )/m).map((text) => {
    const [, where, command, printed] = /^(repository)?\$ ([^\n]*)\n(.*)$/s.exec(text) ?? [];
    if (command === undefined)
      throw new Error(`docs/quick-start.md: a block begins with no command: ${text}`);
    return { where: where ? 'repository' : 'project', command, printed: printed! };
  });
}

function filled(text: string, printed: readonly string[]): string {
  let next = 0;
  const lines = ({ where, command }: Step) =>
    `${where === 'repository' ? where : ''}$ ${command}\n${printed[next++]}`;
  return text.replace(BLOCK, (_, block) => `\`\`\`console\n${stepsOf(block).map(lines).join('')}\`\`\``);
}

const cellsOf = (row: string) => row.split('|').map((cell) => cell.replaceAll('`', '').trim());
