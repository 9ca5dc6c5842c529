/** The user's project, and what is done in it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, onTestFinished } from 'vitest';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const folder = inject('folder');
export const seven = join(root, 'examples/digits/seven-1.png');

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Run a program in the project. */
export function call(program: string, ...parameters: string[]): Result {
  const { status, stdout, stderr } = spawnSync(program, parameters, { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Run a command that a package of the project brings. */
export const bin = (name: string, ...parameters: string[]) =>
  call(join(folder, 'node_modules/.bin', name), ...parameters);

export const deepfunctor = (...parameters: string[]) => bin('deepfunctor', ...parameters);

/** The JSON that the command prints when all is well. */
export function told(...parameters: string[]) {
  const { status, stdout, stderr } = deepfunctor(...parameters, '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** A file or folder name of a test, removed after it. */
export function temporary(name: string): string {
  const path = join(mkdtempSync(join(folder, 'test-')), name);
  onTestFinished(() => rmSync(dirname(path), { recursive: true, force: true }));
  return path;
}

/** A file of a test, removed after it. */
export function written(name: string, content: string | Uint8Array): string {
  const path = temporary(name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** Change an installed file for the rest of a test. */
export function spoil(path: string, change: (content: Buffer) => string | Uint8Array): string {
  const file = join(folder, 'node_modules', path);
  const content = readFileSync(file);
  onTestFinished(() => writeFileSync(file, content));
  writeFileSync(file, change(Buffer.from(content)));
  return basename(file);
}
