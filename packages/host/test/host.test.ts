import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FunctorPlugin, MorphismPlugin } from '@deepfunctor/core';
import { fileRef } from '@deepfunctor/core';
import { graph, writeModel } from '@deepfunctor/onnx';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Engine, type Host, openHost, toPng } from '../src/index.js';
import { codedError } from './errors.js';
import { type AtEnd, buildWorld, inBar, inStyle, SIDE, type World } from './world.js';

const opened = async (world: World, engine?: Engine): Promise<Host> => {
  const host = await openHost({ cwd: world.project, ...(engine === undefined ? {} : { engine }) });
  onTestFinished(() => host.close());
  return host;
};

/** What several tests share is cleaned up after the last of them. */
const cleaning: (() => unknown)[] = [];
const afterThese: AtEnd = (clean) => cleaning.push(clean);
const endThese = async () => {
  for (const clean of cleaning.splice(0)) await clean();
};

/** A picture of a bar, as the format has it, with both components of its style. */
const bar = (label: number, style: [number, number] = [0, 0]) =>
  Float32Array.from({ length: SIDE * SIDE }, (_, pixel) =>
    inBar(label, pixel) ? 1 : inStyle(0, pixel) ? style[0] : inStyle(1, pixel) ? style[1] : 0,
  );

describe.each<Engine>(['node', 'web'])('on the engine “%s”', (engine) => {
  test('every functor leads to every functor, through a morphism', async () => {
    const host = await opened(buildWorld(), engine);
    expect(await host.engine()).toBe(engine);
    const forms: Record<string, (string | Uint8Array)[]> = {
      keys: ['00', '01', '10'],
      words: ['do', 'mi', 'sol'],
      bars: [0, 1, 2].map((label) => toPng(bar(label), SIDE, SIDE)),
    };
    for (const from of Object.keys(forms)) {
      for (const to of Object.keys(forms)) {
        const chain = host.compose(from, 'next', to);
        const answers = await chain.runBatch(
          forms[from]!.map((form) => [form]),
          { style: 'canonical' },
        );
        expect(
          answers.map(({ label }) => label),
          chain.text,
        ).toEqual(['e', 'g', 'c']);
        if (to !== 'bars')
          expect(answers.map(({ value }) => value)).toEqual([1, 2, 0].map((at) => forms[to]![at]));
        else
          for (const [at, { output }] of answers.entries())
            expect([...output]).toEqual([...bar((at + 1) % 3)].map((v) => expect.closeTo(v, 5)));
      }
    }
  });
});

describe('a chain', () => {
  let host: Host;
  beforeAll(async () => {
    host = await openHost({ cwd: buildWorld(afterThese).project });
    cleaning.push(() => host.close());
    for (const { where, error } of await host.verify()) expect(error, where).toBeUndefined();
  });
  afterAll(endThese);

  test('takes as many inputs as it begins with functors', async () => {
    const chain = host.compose('((keys, words) -> plus, keys -> next) -> plus -> words');
    expect(chain.inputs.map(({ functor }) => functor)).toEqual(['keys', 'words', 'keys']);
    const values = ['00', '01', '10'];
    for (const [a, left] of values.entries())
      for (const [b, middle] of ['do', 'mi', 'sol'].entries())
        for (const [c, right] of values.entries()) {
          const { value, label } = await chain.run([left, middle, right]);
          expect([value, label]).toEqual([
            ['do', 'mi', 'sol'][(a + b + c + 1) % 3],
            ['c', 'e', 'g'][(a + b + c + 1) % 3],
          ]);
        }
  });

  test('may lead from one category to another', async () => {
    const answers = await host.compose('words -> next -> sounds -> lamp').runBatch([['do'], ['mi'], ['sol']]);
    expect(answers.map(({ value }) => value)).toEqual(['1', '1', '0']);
    expect(answers[2]!.before[0]!.map(({ label }) => label)).toEqual(['c', 'e', 'g']);
    expect(answers[2]!.distribution.map(({ label }) => label)).toEqual(['off', 'on']);
  });

  test('tells what the probe reads before and after', async () => {
    const { before, distribution, style, raw } = await host.compose('keys -> next -> words').run('01');
    expect(before).toHaveLength(1);
    expect(before[0]![1]!.p).toBeGreaterThan(0.99);
    expect(distribution[2]!.p).toBeGreaterThan(0.99);
    expect(distribution.reduce((sum, { p }) => sum + p, 0)).toBeCloseTo(1, 5);
    expect([style, raw]).toEqual([undefined, 'sol']);
  });

  test('carries a belief that is not certain', async () => {
    const scale = 2 * Math.sqrt(5);
    const half = Float32Array.of(scale / 2, scale / 2, 0, 0, 0);
    const image = await host.apply('next', half);
    expect([...image]).toEqual([0, scale / 2, scale / 2, 0, 0].map((v) => expect.closeTo(v, 5)));
    const belief = await host.probe('tones', image);
    expect([...belief]).toEqual([0, 0.5, 0.5].map((v) => expect.closeTo(v, 2)));
    expect([...(await host.support('tones', image))]).toEqual([expect.closeTo(0, 5)]);
    expect([...(await host.support('tones', new Float32Array(5)))]).toEqual([expect.closeTo(1, 5)]);
  });

  test('gives on tensors what it gives on forms, in batches of any size', async () => {
    const chain = host.compose('keys -> next -> words');
    const rows = 700;
    const bits = Float32Array.from({ length: 2 * rows }, (_, at) =>
      Number(
        [
          [0, 0],
          [0, 1],
          [1, 0],
        ][Math.floor(at / 2) % 3]![at % 2],
      ),
    );
    const result = await chain.runTensors([bits], rows);
    expect([result.output.length, result.latents.length, result.distributions.length]).toEqual([
      21 * rows,
      5 * rows,
      3 * rows,
    ]);
    expect(result.styles).toBeUndefined();
    const single = await chain.run('10');
    for (const row of [2, 257, 698]) {
      expect([...result.output.subarray(21 * row, 21 * (row + 1))]).toEqual([...single.output]);
      expect(result.before[0]![3 * row + 2]).toBeGreaterThan(0.99);
      expect(result.encoded[0]![5 * row + 2]).toBeCloseTo(2 * Math.sqrt(5), 5);
    }
    expect(await chain.runBatch([])).toEqual([]);
    expect((await chain.runTensors([new Float32Array(0)], 0)).output.length).toBe(0);
  });

  test('runs twice at a time', async () => {
    const chain = host.compose('keys -> next -> words');
    const answers = await Promise.all(['00', '01', '10', '00'].map((value) => chain.run(value)));
    expect(answers.map(({ value }) => value)).toEqual(['mi', 'sol', 'do', 'mi']);
  });

  test('can be run again after the host was closed', async () => {
    const chain = host.compose('keys -> words');
    await chain.run('01');
    await host.close();
    expect((await chain.run('01')).value).toBe('mi');
  });
});

describe('style', () => {
  let host: Host;
  beforeAll(async () => {
    host = await openHost({ cwd: buildWorld(afterThese).project });
    cleaning.push(() => host.close());
  });
  afterAll(endThese);
  const styled = (output: Float32Array) => [output[SIDE * 7]!, output[SIDE * 7 + 4]!];
  const ask = (text: string, options = {}) =>
    host
      .compose(text)
      .runTensors([bar(0, [0.25, 0.75])], 1, options)
      .then(({ output }) => styled(output));

  test('is the asker’s where a question is of the answer’s functor', async () => {
    expect(await ask('bars -> next -> bars')).toEqual([0.25, 0.75].map((v) => expect.closeTo(v, 5)));
    expect((await host.compose('bars -> bars').run(toPng(bar(1), SIDE, SIDE))).style).toBe('asker');
  });

  test('is the asker’s too where only the second input is of that functor', async () => {
    const chain = host.compose('(keys, bars) -> plus -> bars');
    const { output } = await chain.runTensors([Float32Array.of(0, 1), bar(0, [0.5, 0.25])], 1);
    expect(styled(output)).toEqual([0.5, 0.25].map((v) => expect.closeTo(v, 5)));
  });

  test('is 0 where it is asked to be canonical, or nobody has one', async () => {
    expect(await ask('bars -> bars', { style: 'canonical' })).toEqual([0, 0]);
    const answer = await host.compose('keys -> bars').run('01');
    expect([styled(answer.output), answer.style]).toEqual([[0, 0], 'canonical']);
  });

  test('is drawn anew for every seed and row, and the same for the same seed', async () => {
    const seen = new Set<string>();
    for (const seed of [1, 2, 3]) {
      expect(await ask('bars -> bars', { seed })).toEqual(
        await ask('bars -> bars', { seed, style: 'sampled' }),
      );
      seen.add(String(await ask('bars -> bars', { seed })));
    }
    const { styles } = await host
      .compose('keys -> bars')
      .runTensors([new Float32Array(2 * 2000)], 2000, { seed: 1 });
    const mean = styles!.reduce((sum, x) => sum + x, 0) / styles!.length;
    const variance = styles!.reduce((sum, x) => sum + (x - mean) ** 2, 0) / styles!.length;
    expect([seen.size, mean, variance]).toEqual([3, expect.closeTo(0, 1), expect.closeTo(1, 0.8)]);
  });

  test('that does not exist is refused', async () => {
    for (const [text, style] of [
      ['keys -> bars', 'asker'],
      ['bars -> keys', 'sampled'],
      ['bars -> keys', 'asker'],
      ['bars -> bars', 'bold'],
    ])
      expect(
        (
          await codedError(() =>
            host.compose(text!).runTensors([new Float32Array(text!.startsWith('keys') ? 2 : 64)], 1, {
              style: style as 'asker',
            }),
          )
        ).code,
      ).toBe('STYLE_UNAVAILABLE');
  });

  test('a seed does not disturb a format without style', async () => {
    expect((await host.compose('keys -> words').run('01', { seed: 5 })).value).toBe('mi');
  });
});

describe('a chain that does not fit', () => {
  test.each([
    ['keys -> nxt -> words', 'CHAIN_UNKNOWN_NAME', 'nearest first: next,'],
    ['keys', 'CHAIN_ENDS', 'nothing decodes'],
    ['keys -> next', 'CHAIN_ENDS', 'it ends with the morphism “next”'],
    ['next -> keys', 'CHAIN_ENDS', 'a branch begins with the morphism “next”'],
    ['keys -> words -> next -> keys', 'CHAIN_ENDS', 'the functor “words” stands in the middle'],
    ['keys -> (next, words)', 'CHAIN_ENDS', 'it ends with a tuple'],
    ['keys -> (words) -> words', 'CHAIN_ENDS', 'only a beginning can be a tuple'],
    ['keys -> plus -> words', 'CHAIN_ARITY', '“plus” takes 2 object(s) and was given 1'],
    ['(keys, words) -> next -> words', 'CHAIN_ARITY', '“next” takes 1 object(s) and was given 2'],
    ['(keys, words) -> words', 'CHAIN_ARITY', '“words” takes 1 object(s) and was given 2'],
    [
      'keys -> lamp',
      'CHAIN_CATEGORY',
      '“keys” gives an object of “tones”, but “lamp” takes one of “switches”',
    ],
    ['keys -> sounds -> next -> words', 'CHAIN_CATEGORY', '“sounds” gives an object of “switches”'],
    ['keys ->', 'CHAIN_SYNTAX', '^'],
  ])('%s', async (text, code, message) => {
    const host = await opened(buildWorld());
    const error = await codedError(() => host.compose(text));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.where).toContain(text);
  });

  test('says why a name was set aside', async () => {
    const world = buildWorld();
    world.edit('morphism-next', (json) => {
      json.deepfunctor.table = [1, 2];
    });
    const host = await opened(world);
    const error = await codedError(() => host.compose('keys -> next -> words'));
    expect([error.code, (error.cause as { code: string }).code]).toEqual([
      'CHAIN_UNKNOWN_NAME',
      'MANIFEST_INVALID',
    ]);
  });
});

describe('inputs that do not fit', () => {
  test.each([
    ['too few', '(keys, keys) -> plus -> words', '00', 'INPUT_COUNT'],
    ['too many', 'keys -> words', ['00', '00'], 'INPUT_COUNT'],
    ['another kind', 'keys -> words', new Uint8Array(4), 'INPUT_KIND'],
    ['outside the domain', 'keys -> words', '11', 'VALUE_OUTSIDE_DOMAIN'],
    ['no picture', 'bars -> words', new Uint8Array(4), 'IMAGE_UNREADABLE'],
  ] as const)('%s', async (_, text, input, code) => {
    const host = await opened(buildWorld());
    expect((await codedError(() => host.compose(text).run(input))).code).toBe(code);
  });

  test('are named as the caller names them', async () => {
    const host = await opened(buildWorld());
    const error = await codedError(() =>
      host.compose('(keys, keys) -> plus -> words').run(['00', '7'], { where: ['--a', '--b'] }),
    );
    expect([error.code, error.where]).toEqual(['BITS_INVALID', '--b']);
  });

  test('tensors of another size, or not finite', async () => {
    const host = await opened(buildWorld());
    const chain = host.compose('keys -> words');
    for (const [values, rows] of [
      [new Float32Array(5), 2],
      [new Float32Array(4), 3],
      [Float32Array.of(0, Number.NaN), 1],
    ] as const)
      expect((await codedError(() => chain.runTensors([values], rows))).code).toBe('INPUT_TENSOR');
    expect((await codedError(() => host.probe('tones', new Float32Array(7)))).code).toBe('INPUT_TENSOR');
    expect((await codedError(() => host.apply('plus', new Float32Array(5), new Float32Array(10)))).code).toBe(
      'INPUT_TENSOR',
    );
    expect((await codedError(() => host.apply('plus', new Float32Array(5)))).code).toBe('CHAIN_ARITY');
    expect((await codedError(() => host.probe('hats', new Float32Array(5)))).code).toBe('CATEGORY_UNKNOWN');
  });
});

describe('weights that are not what they should be', () => {
  const target = 'functor-keys';
  /** Replace a model and record it, as an author would. */
  const reseal = (world: World, bytes: Uint8Array) => {
    const path = 'weights/encode.onnx';
    writeFileSync(join(world.folder(target), path), bytes);
    world.edit(target, (json) => {
      json.deepfunctor.files.encode = fileRef(world.folder(target), path);
    });
  };
  const cases: [string, string, (world: World) => void][] = [
    [
      'changed after they were recorded',
      'WEIGHTS_DIGEST',
      (world) => {
        const file = join(world.folder(target), 'weights/encode.onnx');
        const bytes = readFileSync(file);
        bytes[bytes.length >> 1]! ^= 1;
        writeFileSync(file, bytes);
      },
    ],
    ['no model', 'WEIGHTS_BROKEN', (world) => reseal(world, Buffer.from('not a model at all'))],
    [
      'a model cut short',
      'WEIGHTS_BROKEN',
      (world) => {
        const bytes = readFileSync(join(world.folder(target), 'weights/encode.onnx'));
        reseal(world, bytes.subarray(0, bytes.length >> 1));
      },
    ],
    [
      'a model of other ports',
      'WEIGHTS_PORTS',
      (world) => reseal(world, readFileSync(join(world.folder('morphism-next'), 'weights/morphism.onnx'))),
    ],
    [
      'a model whose shapes contradict each other',
      'WEIGHTS_BROKEN',
      (world) => reseal(world, contradicting()),
    ],
    ['a model that gives another shape than it says', 'WEIGHTS_BROKEN', (world) => reseal(world, lying())],
  ];
  test.each(cases)('%s', async (_, code, spoil) => {
    const world = buildWorld();
    spoil(world);
    const host = await opened(world);
    expect(host.setAside).toEqual([]);
    const chain = host.compose('keys -> words');
    expect((await codedError(() => chain.run('00'))).code).toBe(code);
    expect((await host.compose('words -> next -> keys').run('do')).value).toBe('01');
  });

  test('verify finds them, and only them', async () => {
    const world = buildWorld();
    cases[0]![2](world);
    const host = await opened(world);
    const wrong = (await host.verify()).filter(({ error }) => error !== undefined);
    expect(wrong.map(({ name, error }) => [name, error!.code])).toEqual([['keys', 'WEIGHTS_DIGEST']]);
  });
});

describe('typed references', () => {
  const reference = (world: World, name: string): FunctorPlugin<'tones', string> => ({
    kind: 'functor',
    name,
    category: 'tones',
    package: `${pathToFileURL(world.folder(`functor-${name}`)).href}/`,
  });
  const next = (world: World): MorphismPlugin<readonly ['tones'], 'tones'> => ({
    kind: 'morphism',
    name: 'next',
    inputs: ['tones'],
    output: 'tones',
    package: `${pathToFileURL(world.folder('morphism-next')).href}/`,
  });

  test('compose, also with names, and also what the project does not depend on', async () => {
    const world = buildWorld();
    world.edit('', (json) => {
      delete json.devDependencies['morphism-next'];
    });
    const host = await opened(world);
    const chain = host.compose(reference(world, 'keys'), next(world), next(world), 'words');
    expect(chain.text).toBe('keys -> next -> next -> words');
    expect((await chain.run('00')).value).toBe('sol');
  });

  test('to a package that is not there, or is broken, are errors', async () => {
    const world = buildWorld();
    const host = await opened(world);
    expect((await codedError(() => host.compose(reference(world, 'none'), 'words'))).code).toBe(
      'PLUGIN_UNRESOLVED',
    );
    world.edit('morphism-next', (json) => {
      json.deepfunctor.table = [];
    });
    const other = await openHost({ cwd: world.project });
    expect((await codedError(() => other.compose('keys', next(world), 'words'))).code).toBe(
      'MANIFEST_INVALID',
    );
  });
});

/** Declares [n, 5], but multiplies [n, 2] with [3, 5]. */
function contradicting(): Uint8Array {
  const g = graph('encode');
  const product = g.node('MatMul', [
    g.input('input', [null, 2]),
    g.weight('w', new Float32Array(15), [3, 5]),
  ]);
  g.output('latent', product, [null, 5]);
  return writeModel(g.build({ producer: 'test' }));
}

/** Declares [n, 5], but its last axis depends on values, and is 2. */
function lying(): Uint8Array {
  const g = graph('encode');
  const x = g.input('input', [null, 2]);
  const shape = g.node('Shape', [g.node('Mul', [x, g.weight('one', new Float32Array([1]), [1])])]);
  g.output('latent', g.node('Expand', [g.weight('zero', new Float32Array([0]), [1, 1]), shape]), [null, 5]);
  return writeModel(g.build({ producer: 'test' }));
}
