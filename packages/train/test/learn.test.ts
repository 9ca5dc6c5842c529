import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Category, DeepFunctorError, sha256 } from '@deepfunctor/core';
import { type Host, openHost } from '@deepfunctor/host';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { learnFunctorPlugin, learnMorphismPlugin } from '../src/learn/index.js';
import { tableOfCsv, tableOfExpression } from '../src/learn/table.js';
import { engines } from './engines.js';
import { clearest, newFolder, writeSeasons } from './seasons.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });
const { present } = await engines();
const { folder: root, remove } = newFolder();
afterAll(remove);
writeFileSync(join(root, 'package.json'), '{}');

const opened = await openHost({ cwd: root });
afterAll(() => opened.close());
const digits = opened.categories.find(({ name }) => name === 'fuzzy-digits')!;
const K = digits.labels.length;
const seasons = writeSeasons(join(root, 'seasons'));

const of = (arity: number, category: Category = digits) => ({
  inputs: Array.from({ length: arity }, () => category),
  output: category,
  where: '--table',
});
const pairs = Array.from({ length: K * K }, (_, i) => [Math.floor(i / K), i % K] as const);

async function codedError(action: () => unknown): Promise<DeepFunctorError> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof DeepFunctorError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('the table of an expression', () => {
  /** Sums and products of the variables and small numbers, with and without parentheses. */
  const terms = fc.letrec((tie) => ({
    sum: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('a', 'b', '0', '1', '2', '3', '7', '12'),
      fc
        .tuple(tie('sum'), fc.constantFrom('+', '-', '*'), tie('sum'))
        .map(([left, operator, right]) => `${left} ${operator} ${right}`),
      tie('sum').map((inner) => `(${inner})`),
      tie('sum').map((inner) => `-(${inner})`),
    ),
  })).sum as fc.Arbitrary<string>;

  test('is what plain arithmetic gives, whatever is added, subtracted and multiplied', () => {
    fc.assert(
      fc.property(terms, (text) => {
        const plain = new Function('a', 'b', `return ${text}`) as (a: number, b: number) => number;
        fc.pre(pairs.every(([a, b]) => Math.abs(plain(a, b)) < 2 ** 50));
        const wanted = pairs.map(([a, b]) => ((plain(a, b) % K) + K) % K);
        expect(tableOfExpression(`mod(${text}, ${K})`, of(2))).toEqual(wanted.map((value) => value + 0));
      }),
    );
  });

  test('knows the comparisons, the conditions and the functions that it says it knows', () => {
    const cases: Record<string, (a: number, b: number) => number> = {
      'b == 0 ? 0 : floor(a / b)': (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
      'a >= b && !(a == b) ? 1 : 0': (a, b) => Number(a > b),
      'a + b >= 10 ? 1 : 0': (a, b) => Number(a + b >= 10),
      'max(a, b) - min(a, b)': (a, b) => Math.abs(a - b),
      'abs(a - b)': (a, b) => Math.abs(a - b),
      'sign(a * b)': (a, b) => Math.sign(a * b),
      'a < 5 || b < 5 ? ceil(a / 2) : round(b / 3)': (a, b) =>
        a < 5 || b < 5 ? Math.ceil(a / 2) : Math.round(b / 3),
      'a != b ? (a + b) % 10 : 3': (a, b) => (a !== b ? (a + b) % 10 : 3),
    };
    for (const [text, wanted] of Object.entries(cases))
      expect(tableOfExpression(text, of(2)), text).toEqual(pairs.map(([a, b]) => wanted(a, b)));
  });

  test('names the factors of labels that have several, and gives the names of labels', () => {
    expect(tableOfExpression('a.at < 2 ? "winter" : "summer"', of(1, seasons))).toEqual([3, 3, 1, 1]);
    expect(() => tableOfExpression('a', of(1, seasons))).toThrow(
      'The table cannot be used: “a” has several factors; name one, as a.warm, at a = spring.',
    );
  });
});

test('a CSV file gives the same table as an expression, in whatever order its rows are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(K - 1), { minLength: K * K, maxLength: K * K }),
      fc.boolean(),
      fc.infiniteStream(fc.nat()),
      (table, named, order) => {
        const rows = pairs
          .map(([a, b], i) => ({ at: order.next().value as number, row: `${a},${b},${table[i]}` }))
          .sort((left, right) => left.at - right.at)
          .map(({ row }) => row);
        const csv = [...(named ? ['a,b,result'] : []), ...rows].join('\n');
        const expression = pairs.reduceRight(
          (rest, [a, b], i) => `a == ${a} && b == ${b} ? ${table[i]} : (${rest})`,
          '0',
        );
        expect(tableOfCsv(csv, of(2))).toEqual(table);
        expect(tableOfExpression(expression, of(2))).toEqual(table);
      },
    ),
    { numRuns: 5 },
  );
});

describe('a table that cannot be used is refused with what is wrong, and where', () => {
  const rows = (...some: string[]) => some.join('\n');
  const all = (but: number) => digits.labels.map((_, i) => `${i},${i}`).filter((_, i) => i !== but);
  const expressions: [text: string, arity: number, reason: string][] = [
    ['a + 1', 1, 'it gives 10 at a = 9, which is no label of “fuzzy-digits”'],
    ['a / 2', 1, 'it gives 0.5 at a = 1, which is no label of “fuzzy-digits”'],
    ['a == 3', 1, 'it gives false at a = 0, which is no label of “fuzzy-digits”'],
    ['b', 1, 'it has an unknown variable “b”, at a = 0'],
    ['mod(a + x, 10)', 1, 'it has an unknown variable “x”, at a = 0'],
    ['floor(a / b)', 2, 'it divides by zero, at a = 0, b = 0'],
    ['a % b', 2, 'it divides by zero, at a = 0, b = 0'],
    ['mod(a, b)', 2, 'it divides by zero, at a = 0, b = 0'],
    ['b == 0 ? 0 : sqrt(a)', 2, 'it calls an unknown function “sqrt”, at a = 0, b = 1'],
    ['a + "1"', 1, 'it computes with 1, which is no number, at a = 0'],
    ['', 1, 'it holds what a table cannot (Compound), at a = 0'],
    ['mod(a)', 1, 'it gives NaN at a = 0, which is no label of “fuzzy-digits”'],
  ];
  test.each(expressions)('the expression “%s”', async (text, arity, reason) => {
    const error = await codedError(() => tableOfExpression(text, of(arity)));
    const { code, what, where, todo } = error;
    expect({ code, what, where }).toEqual({
      code: 'TABLE_INVALID',
      what: `The table cannot be used: ${reason}.`,
      where: '--table',
    });
    const [variables, example] = arity === 1 ? ['a', 'mod(a, 2)'] : ['a, b', 'mod(a + b, 2)'];
    expect(todo).toBe(
      `Write an expression of ${variables}, such as “${example}”, or a CSV file with one row for each choice of inputs and the result last.`,
    );
  });

  const files: [what: string, text: string, reason: string][] = [
    ['leaves a value out', rows(...all(3)), 'it leaves out 3'],
    ['is empty', '', 'it leaves out 0'],
    ['contradicts itself', rows(...all(-1), '4,5'), 'row 11 contradicts an earlier row for the same inputs'],
    ['names no label', rows(...all(2), '2,ten'), '“ten” in row 10 is no label'],
    ['has a column too many', '0,1,2', 'row 1 has 3 columns, not 2'],
  ];
  test.each(files)('a CSV file that %s', async (_, text, reason) => {
    const { code, what } = await codedError(() => tableOfCsv(text, of(1)));
    expect({ code, what }).toEqual({ code: 'TABLE_INVALID', what: `The table cannot be used: ${reason}.` });
  });

  test.each(['a +', '(a', 'a ? 1', '"a'])('what is no expression: %s', async (text) => {
    const { code, what } = await codedError(() => tableOfExpression(text, of(1)));
    expect(code).toBe('TABLE_INVALID');
    expect(what).toContain(`The table cannot be used: “${text}” is no expression (`);
  });

  test.each([
    'constructor',
    '__proto__',
    'toString',
    'a.constructor',
    'a.__proto__',
    'a["constructor"]',
    'a.toString()',
    'abs.call(a, 1)',
    'constructor.constructor("return 1")()',
    'constructor("return 1")',
    '__proto__(1)',
    'hasOwnProperty("a")',
    'this',
    'this.constructor',
    'process.exit(1)',
    'globalThis',
    'a, 1',
    '[1][0]',
    '"a".length',
    'a >> 1',
  ])('the trick %s', async (text) => {
    for (const category of [digits, seasons])
      expect(await codedError(() => tableOfExpression(text, of(1, category)))).toMatchObject({
        code: 'TABLE_INVALID',
      });
  });

  test.each(['constructor', '__proto__', 'toString'])('the label %s', async (name) => {
    const { code } = await codedError(() => tableOfCsv(rows(...all(3), `3,${name}`), of(1)));
    expect(code).toBe('TABLE_INVALID');
  });
});

/** Digests of everything that is founded, by path. */
function founded(): Record<string, string> {
  const repository = fileURLToPath(new URL('../../..', import.meta.url));
  const found: Record<string, string> = {};
  const visit = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) entry.name !== 'node_modules' && visit(path);
      else found[path] = createHash('sha256').update(readFileSync(path)).digest('hex');
    }
  };
  visit(join(repository, 'packages/core/categories'));
  visit(join(repository, 'plugins'));
  return found;
}

/** Open the package that was learned, and only that. */
async function withPlugin(
  out: string,
  category: Category,
  work: (host: Host) => Promise<void>,
): Promise<void> {
  const categories = category === digits ? [] : [category.directory];
  const host = await openHost({ cwd: root, plugins: [out], categories });
  try {
    expect(host.setAside).toEqual([]);
    expect((await host.verify()).filter(({ error }) => error)).toEqual([]);
    await work(host);
  } finally {
    await host.close();
  }
}

const likeliest = (beliefs: Float32Array, labels: number) =>
  Array.from({ length: beliefs.length / labels }, (_, row) => {
    const belief = beliefs.slice(row * labels, (row + 1) * labels);
    return belief.indexOf(Math.max(...belief));
  });

/** What a morphism makes of the clearest latents of every choice of labels. */
async function computed(host: Host, name: string, category: Category, arity: number): Promise<number[]> {
  const labels = category.labels.length;
  const D = category.dimension;
  const clear = clearest(category);
  const count = labels ** arity;
  const inputs = Array.from({ length: arity }, (_, i) => {
    const z = new Float32Array(count * D);
    for (let row = 0; row < count; row++) {
      const label = Math.floor(row / labels ** (arity - 1 - i)) % labels;
      z.set(clear.subarray(label * D, (label + 1) * D), row * D);
    }
    return z;
  });
  const latents = await host.apply(name, ...inputs);
  expect(Math.max(...(await host.support(category.name, latents)))).toBeLessThanOrEqual(
    category.support.threshold,
  );
  return likeliest(await host.probe(category.name, latents), labels);
}

const before = founded();

describe.each(present)('learning on the %s engine', (engine) => {
  const place = (name: string) => join(root, engine, name);
  const shared = (name: string) => ({ name, out: place(name), cwd: root, engine, seed: 3 });
  const csv = (name: string, content: string) => {
    const path = place(`${name}.csv`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  };
  const inSeasons = { category: 'seasons', categories: [seasons.directory] };
  beforeAll(() => void mkdirSync(join(root, engine), { recursive: true }));

  test('a morphism of one object is right on every label', async () => {
    const report = await learnMorphismPlugin({ ...shared('halve'), table: 'floor(a / 2)' });
    expect(report).toMatchObject({ kind: 'morphism', category: digits.name, space: digits.digest });
    expect(report.measured).toMatchObject({
      'right on noised latents that were kept': 1,
      'of them within the support': 1,
      'right after a thousand steps': 1,
    });
    const manifest = JSON.parse(readFileSync(join(report.out, 'package.json'), 'utf8')).deepfunctor;
    expect(manifest.card).toMatchObject({ mode: 'frozen', seed: 3, measured: report.measured });
    await withPlugin(report.out, digits, async (host) =>
      expect(await computed(host, 'halve', digits, 1)).toEqual(digits.labels.map((_, a) => a >> 1)),
    );
  });

  test('a morphism of two objects is right on every pair', async () => {
    const table = 'b == 0 ? 0 : floor(a / b)';
    const { out, measured } = await learnMorphismPlugin({ ...shared('divide'), arity: 2, table });
    expect(measured['right on noised latents that were kept']).toBeGreaterThanOrEqual(0.9995);
    await withPlugin(out, digits, async (host) =>
      expect(await computed(host, 'divide', digits, 2)).toEqual(
        pairs.map(([a, b]) => (b === 0 ? 0 : Math.floor(a / b))),
      ),
    );
  });

  const roman = ['N', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'];

  test('a format of symbols is spelled and read right', async () => {
    const examples = csv('roman', `value,text\n${roman.map((text, i) => `${i},${text}`).join('\n')}\n`);
    const { out, measured } = await learnFunctorPlugin({ ...shared('roman'), codec: 'symbols', examples });
    expect(measured).toMatchObject({
      'spelled right, of noised latents that were kept': 1,
      'read again what it shows': 1,
    });
    await withPlugin(out, digits, async (host) => {
      const answers = await host.compose('roman -> roman').runBatch(roman.map((text) => [text]));
      expect(answers.map(({ value }) => value)).toEqual(roman);
      expect(answers.map(({ label }) => label)).toEqual(digits.labels.map(({ name }) => name));
    });
  });

  test('a format that covers some labels is right on those, and refuses the others', async () => {
    const examples = csv('few', '7,seven\n2,two\n5,five\n');
    const options = { ...shared('few'), codec: 'symbols', examples } as const;
    const refused = await codedError(() => learnFunctorPlugin(options));
    expect(refused).toMatchObject({
      code: 'EXAMPLES_INVALID',
      what: 'The examples cannot be learned from: there is none of 0, 1, 3, 4, 6, 8, 9.',
      where: examples,
    });
    const { out } = await learnFunctorPlugin({ ...options, partial: true });
    await withPlugin(out, digits, async (host) => {
      expect(host.plugins[0]).toMatchObject({ domain: [2, 5, 7] });
      const chain = host.compose('few -> few');
      const answers = await chain.runBatch([['two'], ['five'], ['seven']]);
      expect(answers.map(({ value, label }) => `${label} ${value}`)).toEqual(['2 two', '5 five', '7 seven']);
      expect((await codedError(() => chain.run('owes'))).code).toBe('VALUE_OUTSIDE_DOMAIN');
    });
  });

  test('another category is learned in as well, knowing nothing but its release', async () => {
    const next = await learnMorphismPlugin({
      ...shared('next'),
      ...inSeasons,
      table: 'a.at == 3 ? "spring" : a.at == 2 ? "winter" : a.at == 1 ? "autumn" : "summer"',
    });
    await withPlugin(next.out, seasons, async (host) =>
      expect(await computed(host, 'next', seasons, 1)).toEqual([1, 2, 3, 0]),
    );
    const later = csv(
      'later',
      seasons.labels
        .flatMap((a, i) =>
          seasons.labels.map((b, j) => `${a.name},${b.name},${seasons.labels[Math.max(i, j)]!.name}`),
        )
        .join('\n'),
    );
    const two = await learnMorphismPlugin({ ...shared('later'), ...inSeasons, arity: 2, table: later });
    await withPlugin(two.out, seasons, async (host) =>
      expect(await computed(host, 'later', seasons, 2)).toEqual(
        Array.from({ length: 16 }, (_, i) => Math.max(i >> 2, i % 4)),
      ),
    );
    const bits = csv('bits', 'spring,00\nsummer,01\nautumn,10\nwinter,11\n');
    const format = await learnFunctorPlugin({
      ...shared('bits'),
      ...inSeasons,
      codec: 'bits',
      examples: bits,
    });
    await withPlugin(format.out, seasons, async (host) => {
      const answers = await host
        .compose('bits -> bits')
        .runBatch(['00', '01', '10', '11'].map((text) => [text]));
      expect(answers.map(({ value }) => value)).toEqual(['00', '01', '10', '11']);
      expect(answers.map(({ label }) => label)).toEqual(seasons.labels.map(({ name }) => name));
    });
  });

  test('what does not converge, or is stopped, leaves nothing', async () => {
    const parent = join(root, engine, 'nothing');
    mkdirSync(parent);
    const options = { ...shared('negate'), out: join(parent, 'negate'), table: 'mod(-a, 10)' };
    const short = await codedError(() => learnMorphismPlugin({ ...options, steps: 2 }));
    expect(short.code).toBe('LEARNING_FAILED');
    expect(short.what).toMatch(
      /^The learning has not converged: after 2 steps its table is not sure \(loss \d+\.\d{3}\)\.$/,
    );
    const stop = new AbortController();
    const stopped = learnMorphismPlugin({
      ...options,
      signal: stop.signal,
      onStep: (step) => step === 3 && stop.abort(),
    });
    await expect(stopped).rejects.toThrow('aborted');
    expect(readdirSync(parent)).toEqual([]);
  });

  test('a folder that exists is left as it is', async () => {
    const out = place('taken');
    mkdirSync(out);
    writeFileSync(join(out, 'mine.txt'), 'mine');
    const error = await codedError(() => learnMorphismPlugin({ ...shared('taken'), table: 'a' }));
    expect(error).toMatchObject({
      code: 'OUTPUT_EXISTS',
      what: 'The output exists already.',
      where: out,
      todo: 'Choose another name, or remove it.',
    });
    expect(readdirSync(out)).toEqual(['mine.txt']);
    expect(existsSync(`${out}/package.json`)).toBe(false);
  });

  test('a package that is replaced stays the same folder, with what its author wrote there', async () => {
    const out = place('replaced');
    mkdirSync(join(out, 'test'), { recursive: true });
    writeFileSync(join(out, 'package.json'), '{"name": "mine", "version": "2.3.4"}');
    writeFileSync(join(out, 'test/mine.js'), 'mine');
    writeFileSync(join(out, 'morphism.onnx'), 'an old one');
    const { ino } = statSync(out);
    const replace = () => learnMorphismPlugin({ ...shared('replaced'), table: 'a', replace: true });
    await replace();
    // A shell that stands in it goes on standing in it.
    expect(statSync(out).ino).toBe(ino);
    const { name, version, deepfunctor } = JSON.parse(readFileSync(join(out, 'package.json'), 'utf8'));
    expect([name, version]).toEqual(['mine', '2.3.4']);
    expect(deepfunctor.files.morphism.sha256).toBe(sha256(readFileSync(join(out, 'morphism.onnx'))));
    expect(readdirSync(join(out, 'test'))).toEqual(['mine.js']);

    rmSync(join(out, 'README.md'));
    mkdirSync(join(out, 'README.md'));
    writeFileSync(join(out, 'morphism.onnx'), 'mine as well');
    const error = await codedError(replace);
    expect(error).toMatchObject({ code: 'OUTPUT_UNWRITABLE', where: out });
    expect(error.what).toBe('The output cannot be written: “README.md” is a folder there.');
    expect(readFileSync(join(out, 'morphism.onnx'), 'utf8')).toBe('mine as well');
    expect(readdirSync(join(out, '..')).filter((path) => path.includes('.tmp'))).toEqual([]);
  });

  test('what cannot be replaced is told before anything is learned', async () => {
    const out = place('spoiled');
    const replace = () =>
      codedError(() =>
        learnMorphismPlugin({
          ...shared('spoiled'),
          table: 'a',
          replace: true,
          onStep: () => expect.fail('it learns'),
        }),
      );
    writeFileSync(out, 'a file');
    expect(await replace()).toMatchObject({ code: 'OUTPUT_EXISTS', where: out });
    rmSync(out);
    mkdirSync(out);
    writeFileSync(join(out, 'package.json'), '{');
    const error = await replace();
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID', where: join(out, 'package.json') });
    expect(error.what).toMatch(/^The manifest is invalid: .*JSON/);
  });
});

describe('examples of texts that cannot be learned from', () => {
  const lines = (change: (rows: string[]) => void) => {
    const rows = digits.labels.map(({ name }, i) => `${name},text ${i}`);
    change(rows);
    return rows.join('\n');
  };
  test.each<[what: string, content: string, reason: string]>([
    [
      'two texts of a value',
      lines((rows) => void rows.push('4,more')),
      'they contradict each other: 4 is both “text 4” and “more”',
    ],
    [
      'a text of two values',
      lines((rows) => void rows.splice(6, 1, '6,text 5')),
      'they contradict each other: “text 5” is both 5 and 6',
    ],
    ['a value that is missing', lines((rows) => void rows.splice(8, 1)), 'there is none of 8'],
    ['a stranger', lines((rows) => void rows.push('ten,X')), '“ten” in row 11 is no label of “fuzzy-digits”'],
    ['a row without text', lines((rows) => void rows.splice(1, 1, '1,')), 'row 2 is not a value and a text'],
    ['nothing', '', 'there is none'],
  ])('%s', async (what, content, reason) => {
    const examples = join(root, `${what}.csv`);
    writeFileSync(examples, content);
    const out = join(root, 'never');
    const error = await codedError(() =>
      learnFunctorPlugin({ name: 'never', out, cwd: root, codec: 'symbols', examples }),
    );
    expect(error).toMatchObject({
      code: 'EXAMPLES_INVALID',
      what: `The examples cannot be learned from: ${reason}.`,
      where: examples,
    });
    expect(existsSync(out)).toBe(false);
  });

  test('a file that is not there', async () => {
    const examples = join(root, 'no.csv');
    const error = await codedError(() =>
      learnFunctorPlugin({
        name: 'never',
        out: join(root, 'never'),
        cwd: root,
        codec: 'symbols',
        examples,
      }),
    );
    expect(error).toMatchObject({ code: 'INPUT_MISSING', where: examples });
  });
});

test('no founded file was touched', () => {
  expect(Object.keys(before).length).toBeGreaterThan(0);
  const after = founded();
  for (const [path, digest] of Object.entries(before)) expect(after[path], path).toBe(digest);
});
