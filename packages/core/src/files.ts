/** Files: outputs that appear whole, digests, and paths that stay inside a package. */
import { createHash, randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, reasonOf } from './errors.js';

/** A file of a package or category release, recorded with its size and content. */
export interface FileRef {
  /** Relative to the package or category folder, forward slashes, no `..`. */
  path: string;
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
  /** Length in bytes. */
  bytes: number;
}

/** No file of a package larger than this is opened: 64 MiB. */
export const FILE_LIMIT = 64 * 1024 * 1024;

/** SHA-256 of bytes or of a text's UTF-8: 64 lower-case hexadecimal digits. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** SHA-256 of a file, read in pieces. Throws Node's own errors: the caller knows what the file is to the user. */
export function sha256File(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1 << 20);
  const file = openSync(path, 'r');
  try {
    for (let count = readSync(file, piece); count > 0; count = readSync(file, piece)) {
      hash.update(piece.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

/**
 * Write a file so that it appears whole or not at all: into a temporary neighbour, then renamed over `path`.
 * Makes the folder if need be. Errors: OUTPUT_UNWRITABLE.
 */
export function writeWhole(path: string, content: Uint8Array | string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID()}.tmp`;
    const file = openSync(temporary, 'wx');
    try {
      writeFlushed(file, content);
      renameSync(temporary, path);
    } catch (cause) {
      rmSync(temporary, { force: true });
      throw cause;
    }
  } catch (cause) {
    fail('OUTPUT_UNWRITABLE', { where: path, reason: reasonOf(cause), cause });
  }
}

/** Why a path must not be followed inside a package, or undefined where it may be. Looks at the text only. */
export function pathProblem(path: string): string | undefined {
  if (path === '') return 'the path is empty';
  if (path.includes('\0')) return 'the path has a zero character';
  if (path.includes('\\')) return 'the path has a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'the path is absolute';
  const parts = path.split('/');
  if (parts.includes('..')) return 'the path has “..”';
  if (parts.includes('.') || parts.includes('')) return 'the path has an empty part or “.”';
  return undefined;
}

/**
 * The absolute path of a regular file inside `directory`, after looking at every component (`lstat`): none may be a
 * link. The folder itself may be reached through links. Reads nothing. Errors: WEIGHTS_OUTSIDE, WEIGHTS_MISSING,
 * WEIGHTS_LIMIT.
 */
export function safePath(directory: string, path: string, limit = FILE_LIMIT): string {
  return inspect(directory, path, limit).path;
}

/**
 * The absolute path of a recorded file, checked as `safePath` does and against its recorded length. Reads nothing.
 * Errors: those of `safePath`, WEIGHTS_SIZE.
 */
export function checkFile(directory: string, file: FileRef, limit = FILE_LIMIT): string {
  const { path, bytes } = inspect(directory, file.path, limit);
  if (bytes !== file.bytes) {
    fail('WEIGHTS_SIZE', { where: directory, path: file.path, actual: bytes, expected: file.bytes });
  }
  return path;
}

/** The content of a recorded file, checked against its length and digest. Errors: those of `checkFile`, WEIGHTS_DIGEST. */
export function readChecked(directory: string, file: FileRef, limit = FILE_LIMIT): Uint8Array {
  const content = readRegular(directory, file.path, checkFile(directory, file, limit));
  const actual = sha256(content);
  if (actual !== file.sha256) {
    fail('WEIGHTS_DIGEST', { where: directory, path: file.path, actual, expected: file.sha256 });
  }
  return content;
}

/** Record a file of a package as it is now. Errors: those of `safePath`. */
export function fileRef(directory: string, path: string): FileRef {
  const found = inspect(directory, path, FILE_LIMIT);
  return { path, sha256: sha256File(found.path), bytes: found.bytes };
}

function writeFlushed(file: number, content: Uint8Array | string): void {
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function inspect(directory: string, path: string, limit: number): { path: string; bytes: number } {
  const refuse = (reason: string): never => fail('WEIGHTS_OUTSIDE', { where: directory, path, reason });
  const problem = pathProblem(path);
  if (problem !== undefined) refuse(problem);
  const parts = path.split('/');
  let here = directory;
  let bytes = 0;
  for (const [index, part] of parts.entries()) {
    here = join(here, part);
    const stats = look(directory, path, here);
    const last = index === parts.length - 1;
    if (stats.isSymbolicLink()) refuse(`“${parts.slice(0, index + 1).join('/')}” is a link`);
    if (last && !stats.isFile()) refuse('it is not a regular file');
    bytes = stats.size;
  }
  if (bytes > limit) fail('WEIGHTS_LIMIT', { where: directory, path, bytes, limit });
  return { path: here, bytes };
}

function look(directory: string, path: string, component: string): Stats {
  try {
    return lstatSync(component);
  } catch (cause) {
    return fail('WEIGHTS_MISSING', { where: directory, path, reason: reasonOf(cause), cause });
  }
}

/** Read without following a link that appeared since the look. */
function readRegular(directory: string, path: string, absolute: string): Uint8Array {
  try {
    const file = openSync(absolute, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) throw new Error('not a regular file');
      return readOpen(file, stats.size);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    return fail('WEIGHTS_MISSING', { where: directory, path, reason: reasonOf(cause), cause });
  }
}

/** What an open file holds. `readFileSync` refuses the descriptors that Plug'n'Play gives for files inside an archive. */
function readOpen(file: number, size: number): Uint8Array {
  const content = Buffer.alloc(size);
  let at = 0;
  for (let count = 1; count > 0 && at < size; at += count) count = readSync(file, content, at, size - at, at);
  return content.subarray(0, at);
}
