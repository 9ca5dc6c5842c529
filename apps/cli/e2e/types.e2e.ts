import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bin, call, root, seven, temporary } from './project.js';

const IMPORTS = `
import { readFile } from 'node:fs/promises';
import { openHost } from '@deepfunctor/host';
import addOne from '@deepfunctor/morphism-add-one';
import digits from '@deepfunctor/functor-digits';
import dots from '@deepfunctor/functor-dots';
`;

/** A folder of the project with one strict program. */
function program(text: string): string {
  const source = temporary('source');
  mkdirSync(source);
  const compilerOptions = {
    ...{ target: 'ES2023', module: 'NodeNext', strict: true, exactOptionalPropertyTypes: true },
    ...{ noUncheckedIndexedAccess: true, verbatimModuleSyntax: true, types: ['node'] },
  };
  writeFileSync(join(source, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
  writeFileSync(join(source, 'main.ts'), IMPORTS + text);
  return source;
}

test('a composition of imported plugins compiles, and runs as it says', () => {
  const source = program(`
    const host = await openHost();
    const { label, png } = await host.compose(digits, addOne, dots).run(await readFile(process.argv[2]!));
    const value: string = label;
    console.log(value, png?.length ?? 0);
    await host.close();
  `);
  expect(bin('tsc', '-p', source)).toEqual({ status: 0, stdout: '', stderr: '' });
  const { status, stdout } = call(process.execPath, join(source, 'main.js'), seven);
  expect(stdout).toMatch(/^8 [1-9]\d+\n$/);
  expect(status).toBe(0);
});

test('an encoder in the middle and a missing decoder are compile errors', () => {
  const source = program(`
    const host = await openHost();
    host.compose(digits, dots, addOne, dots);
    host.compose(digits, addOne);
    export { readFile };
  `);
  const { status, stdout } = bin('tsc', '--noEmit', '-p', source);
  const errors = stdout.split(/^(?=\S)/m);
  expect(errors).toEqual([
    expect.stringMatching(/main\.ts\(9,.*Only the first and the last part of a chain may be functors/s),
    expect.stringMatching(/main\.ts\(10,.*Expected 3 arguments, but got 2/),
  ]);
  expect(status).not.toBe(0);
});

test('the example of the trainer’s README runs', () => {
  const readme = readFileSync(join(root, 'packages/train/README.md'), 'utf8');
  const [, example] = /```js\n(.*?)```/s.exec(readme)!;
  const source = temporary('example.mjs');
  writeFileSync(source, example!);
  const { status, stdout } = call(process.execPath, source);
  expect(Number(/^loss ([\d.]+)$/m.exec(stdout)?.[1])).toBeLessThan(0.05);
  expect(status).toBe(0);
});
