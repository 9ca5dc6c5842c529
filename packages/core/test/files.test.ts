import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkFile,
  fileRef,
  pathProblem,
  readChecked,
  safePath,
  sha256,
  sha256File,
  writeWhole,
} from '../src/index.js';
import { codedErrorOf, temporaryFolder } from './support.js';

function folderWithWeights() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'weights'));
  writeFileSync(join(folder, 'weights', 'encode.onnx'), 'weights');
  return { folder, path: 'weights/encode.onnx' };
}

describe('an output', () => {
  test('appears whole, in folders made for it, and replaces what was there', () => {
    const path = join(temporaryFolder(), 'a', 'b', 'out.txt');
    writeWhole(path, 'first');
    writeWhole(path, new TextEncoder().encode('second'));
    expect(readFileSync(path, 'utf8')).toBe('second');
    expect(readdirSync(join(path, '..'))).toEqual(['out.txt']);
  });

  test('that cannot be written leaves nothing behind', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'out'));
    const error = codedErrorOf(() => writeWhole(join(folder, 'out'), 'text'));
    expect(error.code).toBe('OUTPUT_UNWRITABLE');
    expect(error.message).toContain(`where: ${join(folder, 'out')}`);
    expect(readdirSync(folder)).toEqual(['out']);
  });

  test('under a file is refused with the reason', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const error = codedErrorOf(() => writeWhole(join(folder, 'file', 'out'), 'text'));
    expect(error.what).toMatch(/^The output cannot be written: .*(ENOTDIR|EEXIST)/);
  });
});

test('digests are SHA-256', () => {
  const path = join(temporaryFolder(), 'abc');
  writeFileSync(path, 'abc');
  const known = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(sha256('abc')).toBe(known);
  expect(sha256File(path)).toBe(known);
});

describe('a file of a package', () => {
  test('is recorded, checked and read', () => {
    const { folder, path } = folderWithWeights();
    const file = fileRef(folder, path);
    expect(file).toEqual({ path, bytes: 7, sha256: sha256('weights') });
    expect(checkFile(folder, file)).toBe(join(folder, path));
    expect(new TextDecoder().decode(readChecked(folder, file))).toBe('weights');
  });

  test('may lie in a folder that is itself reached through a link', () => {
    const { folder, path } = folderWithWeights();
    const link = join(temporaryFolder(), 'link');
    symlinkSync(folder, link);
    expect(safePath(link, path)).toBe(join(link, path));
  });

  test.each([
    ['', 'the path is empty'],
    ['/etc/passwd', 'the path is absolute'],
    ['C:/weights.onnx', 'the path is absolute'],
    ['../encode.onnx', 'the path has “..”'],
    ['weights/../../encode.onnx', 'the path has “..”'],
    ['weights\\encode.onnx', 'the path has a backslash'],
    ['weights//encode.onnx', 'the path has an empty part or “.”'],
    ['./encode.onnx', 'the path has an empty part or “.”'],
    ['a\0b', 'the path has a zero character'],
    ['weights', 'it is not a regular file'],
  ])('at %j is refused: %s', (path, reason) => {
    const { folder } = folderWithWeights();
    const error = codedErrorOf(() => safePath(folder, path));
    expect(error.code).toBe('WEIGHTS_OUTSIDE');
    expect(error.what).toBe(`The file “${path}” is refused: ${reason}.`);
  });

  test('is refused if any component is a link', () => {
    const { folder } = folderWithWeights();
    symlinkSync(join(folder, 'weights'), join(folder, 'linked'));
    symlinkSync('/etc/passwd', join(folder, 'weights', 'decode.onnx'));
    const inFolder = codedErrorOf(() => safePath(folder, 'linked/encode.onnx'));
    expect([inFolder.code, inFolder.what]).toEqual([
      'WEIGHTS_OUTSIDE',
      'The file “linked/encode.onnx” is refused: “linked” is a link.',
    ]);
    const atEnd = codedErrorOf(() => safePath(folder, 'weights/decode.onnx'));
    expect(atEnd.what).toContain('“weights/decode.onnx” is a link');
  });

  test('that is missing, too large, cut short or changed has an error for each', () => {
    const { folder, path } = folderWithWeights();
    const file = fileRef(folder, path);
    const missing = codedErrorOf(() => safePath(folder, 'gone.onnx'));
    expect([missing.code, missing.where]).toEqual(['WEIGHTS_MISSING', folder]);
    expect(missing.what).toMatch(/^The file “gone.onnx” is missing or cannot be read: ENOENT/);

    const large = codedErrorOf(() => safePath(folder, path, 6));
    expect(large.code).toBe('WEIGHTS_LIMIT');
    expect(large.what).toBe(`The file “${path}” has 7 bytes; the limit is 6.`);

    writeFileSync(join(folder, path), 'Weights');
    const changed = codedErrorOf(() => readChecked(folder, file));
    expect(changed.code).toBe('WEIGHTS_DIGEST');
    expect(changed.what).toBe(
      `The SHA-256 of “${path}” is ${sha256('Weights')}, but ${file.sha256} is recorded.`,
    );

    truncateSync(join(folder, path), 3);
    const short = codedErrorOf(() => checkFile(folder, file));
    expect(short.code).toBe('WEIGHTS_SIZE');
    expect(short.what).toBe(`The file “${path}” has 3 bytes, but 7 are recorded.`);
  });

  test('that is too large is not read even to record it', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'big'), '');
    truncateSync(join(folder, 'big'), 65 * 1024 * 1024);
    expect(codedErrorOf(() => fileRef(folder, 'big')).code).toBe('WEIGHTS_LIMIT');
  });
});

test('no path that is accepted leaves its folder', () => {
  const part = fc.oneof(fc.constantFrom('..', '.', '', 'a', '\\', '/', 'C:', '~'), fc.string());
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const path = parts.join('/');
      if (pathProblem(path) === undefined) expect(join('/package', path)).toBe(`/package/${path}`);
    }),
  );
});
