import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { coded, DeepFunctorError, ERRORS, fail, reasonOf } from '../src/index.js';
import { codedErrorOf } from './support.js';

test('an error has one text with its code, where it was and what to do', () => {
  const error = coded('BITS_INVALID', { where: 'input 1', value: '0x7', width: 4, example: '0111' });
  expect(error).toBeInstanceOf(DeepFunctorError);
  expect(error.message).toBe(
    '“0x7” is not a binary number of 4 bits. [BITS_INVALID]\n' +
      '  where: input 1\n' +
      '  do: Write exactly 4 characters, each 0 or 1, for example 0111.',
  );
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    code: 'BITS_INVALID',
    what: '“0x7” is not a binary number of 4 bits.',
    where: 'input 1',
    todo: 'Write exactly 4 characters, each 0 or 1, for example 0111.',
  });
});

test('fail throws the coded error and keeps its cause', () => {
  const cause = new Error('EACCES');
  const error = codedErrorOf(() =>
    fail('OUTPUT_UNWRITABLE', { where: 'a.png', reason: reasonOf(cause), cause }),
  );
  expect(error.code).toBe('OUTPUT_UNWRITABLE');
  expect(error.cause).toBe(cause);
  expect(reasonOf(error)).toBe('The output cannot be written: EACCES.');
  expect(reasonOf('a text')).toBe('a text');
});

test('values are put in as they are, even if they look like a parameter', () => {
  expect(
    coded('USAGE', { where: 'run', reason: '{help} is $& no option', help: 'deepfunctor help' }).what,
  ).toBe('{help} is $& no option.');
});

test('every entry of the table is complete', () => {
  for (const [code, { meaning, what, todo }] of Object.entries(ERRORS)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    for (const text of [meaning, what]) expect(text, code).toMatch(/\.$/);
    expect(todo, code).toMatch(/[.}]$/);
  }
});

test('docs/errors.md is current', () => {
  const script = fileURLToPath(new URL('../../../scripts/errors-doc.js', import.meta.url));
  execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
});
