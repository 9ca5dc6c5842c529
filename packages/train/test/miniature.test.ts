/**
 * A founding in miniature, from handwriting to a release that the host opens: of the examples alone, in a few hundred
 * steps at a higher rate. It must learn; how well the real one did is in its report.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeepFunctorError } from '@deepfunctor/core';
import { type Host, openHost } from '@deepfunctor/host';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { unpackWeights } from '../dist/checkpoint.js';
import { openEngine } from '../dist/engine.js';
import { type Founding, type FoundOptions, found } from '../dist/fuzzy-digits/found.js';
import { bitsOf, FUNCTORS, K, MORPHISMS, NEVER_TRAINED, TABLES } from '../dist/fuzzy-digits/settings.js';
import { engines } from './engines.js';
import { exampleDigits, shifted, writeIdx } from './examples.js';

vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 1_800_000 });
// The built files, because batches are made by a thread of their own.
const { present } = await engines();
const tf = await openEngine(present.includes('native') ? 'native' : 'wasm');

const root = mkdtempSync(join(tmpdir(), 'miniature-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const data = join(root, 'data');
const examples = exampleDigits();
/** The examples and their copies beside themselves to train on, more of them for validation. */
const TRAINED = [
  [0, 0],
  [1, 0],
  [-1, 0],
  [0, 1],
  [0, -1],
];
const VALIDATION = [
  [1, 1],
  [-1, 1],
];
const pictures = (moves: number[][]) =>
  moves.flatMap(([dx, dy]) => examples.map((each) => shifted(each, dx!, dy!)));
writeIdx(data, 'train', [...pictures(TRAINED), ...pictures(VALIDATION)]);

const validation = TRAINED.length * examples.length;
const joint = { size: 24, perLabel: 4, rate: 1e-2, validation };
const refine = { encoders: { dots: 10, digits: 10 }, digits: 10, dots: 150, binary: 400, size: 24 };

/** Where a founding of this name keeps and writes things. */
const folders = (name: string) => ({
  run: join(root, name, 'run'),
  category: join(root, name, 'category'),
  plugins: join(root, name, 'plugins'),
});

describe('a founding in miniature', () => {
  const at = folders('whole');
  const options: FoundOptions = { data, ...at, joint: { ...joint, steps: 400 }, refine };
  let founding: Founding;
  let host: Host;
  const stages = new Map<string, number[]>();
  beforeAll(async () => {
    founding = await found(tf, {
      ...options,
      onStep: (stage, step) => stages.set(stage, [...(stages.get(stage) ?? []), step]),
    });
    host = await openHost({
      categories: [at.category],
      plugins: readdirSync(at.plugins).map((name) => join(at.plugins, name)),
    });
  });
  afterAll(() => host?.close());

  const inputs = {
    binary: Array.from({ length: K }, (_, label) => bitsOf(label).join('')),
    digits: examples.map(({ png }) => png),
  };

  test('goes through its stages, and says what it came to', () => {
    const counts = Object.fromEntries([...stages].map(([stage, steps]) => [stage, steps.length]));
    expect(counts).toEqual({
      'joint founding': 400,
      'dots encoder': refine.encoders.dots,
      'binary decoder': refine.binary,
      'dots decoder': refine.dots,
      'digits decoder': refine.digits,
      'digits encoder': refine.encoders.digits,
    });
    expect(JSON.parse(readFileSync(join(at.run, 'founding.json'), 'utf8'))).toEqual(founding);
    expect(Object.keys(founding.seconds)).toEqual(Object.keys(counts));
    expect(founding.validation).toBeGreaterThanOrEqual(0.9);
    const curve = JSON.parse(readFileSync(join(at.run, 'curve.json'), 'utf8'));
    expect(curve.map(({ step }: { step: number }) => step)).toEqual([50, 100, 150, 200, 250, 300, 350, 400]);
    expect(curve.at(-1).loss).toBeLessThan(0.5 * curve[0].loss);
    expect(readFileSync(join(at.run, 'curve.svg'), 'utf8')).toMatch(/^<svg .*<\/svg>\n$/s);
  });

  test('gives a release and plugins that the host takes', async () => {
    // The category that comes with the host is another space: it is set aside, being of the same name.
    expect(host.setAside.map(({ error }) => error.code)).toEqual(['PLUGIN_DUPLICATE']);
    expect(host.categories.map(({ digest }) => digest)).toEqual([founding.digest]);
    expect(host.plugins.map(({ name }) => name).sort()).toEqual([...FUNCTORS, ...MORPHISMS].sort());
    expect((await host.verify()).filter(({ error }) => error)).toEqual([]);
    expect(host.categories[0]!.card.neverTrained).toEqual(NEVER_TRAINED.map((path) => path.join(' -> ')));
  });

  test('computes in binary: every morphism, on all numbers', async () => {
    for (const m of MORPHISMS) {
      const answers = await host.compose(`binary -> ${m} -> binary`).runBatch(inputs.binary.map((x) => [x]));
      expect(answers.map(({ value }) => value)).toEqual(TABLES[m].map((label) => inputs.binary[label]));
      expect(answers.map(({ raw, value }) => raw === value)).toEqual(Array(K).fill(true));
    }
  });

  test('reads the handwriting that it was taught', async () => {
    const answers = await host
      .compose('digits -> identity -> binary')
      .runBatch(inputs.digits.map((x) => [x]));
    const right = answers.filter(({ value }, i) => value === inputs.binary[examples[i]!.label]).length;
    expect(right / examples.length).toBeGreaterThanOrEqual(0.9);
  });

  test('shows what it reads: numbers to dots, and dots to numbers again', async () => {
    const dots = await host.compose('binary -> identity -> dots').runBatch(inputs.binary.map((x) => [x]));
    const again = await host.compose('dots -> identity -> binary').runBatch(dots.map(({ png }) => [png!]));
    const right = again.filter(({ value }, label) => value === inputs.binary[label]).length;
    expect(right).toBeGreaterThanOrEqual(0.8 * K);
  });

  test('that is asked for again finds every stage done, and writes the same release', async () => {
    const before = snapshot(at.category, at.plugins);
    let steps = 0;
    const again = await found(tf, { ...options, onStep: () => steps++ });
    expect(steps).toBe(0);
    const untimed = (each: Founding) => ({ ...each, seconds: {}, minutes: 0 });
    expect(untimed(again)).toEqual(untimed(founding));
    expect(snapshot(at.category, at.plugins)).toEqual(before);
  });

  describe('whose stages run side by side', () => {
    // A few steps of each: what they come to is the same question as above.
    const few = { ...refine, encoders: { dots: 4, digits: 4 }, digits: 3, dots: 20, binary: 40 };
    const beside = (name: string) => {
      const to = folders(name);
      mkdirSync(to.run, { recursive: true });
      copyFileSync(join(at.run, 'joint.safetensors'), join(to.run, 'joint.safetensors'));
      return { ...options, ...to, refine: few, lanes: true };
    };

    test('goes through the same stages, keeps each, and gives the same bytes each time', async () => {
      const lanes = beside('lanes');
      const steps: Record<string, number> = {};
      const first = await found(tf, {
        ...lanes,
        onStep: (stage) => {
          steps[stage] = (steps[stage] ?? 0) + 1;
        },
      });
      expect(steps).toEqual({
        'dots encoder': few.encoders.dots,
        'binary decoder': few.binary,
        'dots decoder': few.dots,
        'digits decoder': few.digits,
        'digits encoder': few.encoders.digits,
      });
      const { seconds } = first;
      const decoders = seconds['binary decoder']! + seconds['dots decoder']! + seconds['digits decoder']!;
      const longest = Math.max(seconds['digits encoder']!, seconds['dots encoder']! + decoders);
      expect(60 * first.minutes).toBeCloseTo(seconds['joint founding']! + longest, 6);
      expect(readdirSync(lanes.run)).not.toContain('begun.safetensors');

      const again = beside('again');
      expect((await found(tf, again)).digest).toBe(first.digest);
      expect(Object.values(snapshot(again.plugins))).toEqual(Object.values(snapshot(lanes.plugins)));
    });

    test('and that is stopped keeps what was done, and writes neither category nor plugins', async () => {
      const lanes = beside('stopped-lanes');
      const stop = new AbortController();
      const stopped = found(tf, {
        ...lanes,
        signal: stop.signal,
        onStep: (stage) => stage === 'dots decoder' && stop.abort(),
      });
      await expect(stopped).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
      const kept = readdirSync(lanes.run);
      expect(kept).toEqual(
        expect.arrayContaining(['dots-encoder.safetensors', 'binary-decoder.safetensors']),
      );
      expect(kept).not.toContain('digits-decoder.safetensors');
      expect([lanes.category, lanes.plugins].map((folder) => existsSync(folder))).toEqual([false, false]);
    });

    test('and of which one fails says which and why', async () => {
      const lanes = beside('failed-lanes');
      writeFileSync(join(lanes.run, 'digits-encoder.safetensors'), 'no checkpoint');
      await expect(found(tf, lanes)).rejects.toThrow(
        /^digits encoder: .*\[TENSORS_BROKEN\]\n {2}where: .*digits-encoder\.safetensors/s,
      );
      expect([lanes.category, lanes.plugins].map((folder) => existsSync(folder))).toEqual([false, false]);
    });
  });
});

describe('a founding that is too short', () => {
  const STEPS = 20;
  const short = (name: string, more: Partial<FoundOptions> = {}) =>
    found(tf, { data, ...folders(name), joint: { ...joint, steps: STEPS }, refine, ...more });
  let whole: DeepFunctorError;
  beforeAll(async () => {
    whole = await short('short').then(
      () => expect.unreachable('it has learned'),
      (error) => error,
    );
  });

  test('fails, says what it answers, and writes neither category nor plugins', () => {
    expect(whole.code).toBe('FOUNDING_FAILED');
    expect([...MORPHISMS, ...FUNCTORS]).toContain(whole.where);
    const meant = (TABLES as Record<string, number[]>)[whole.where] ?? TABLES.identity;
    expect(whole.message).toMatch(
      new RegExp(
        `^The founding has not learned its tasks: after the joint training it answers \\d( \\d){9}, not ${meant.join(' ')}\\. ` +
          `\\[FOUNDING_FAILED\\]\n  where: ${whole.where}\n` +
          '  do: Train longer or with another seed, in an empty run folder\\.$',
      ),
    );
    const { run, category, plugins } = folders('short');
    expect([category, plugins].map((folder) => existsSync(folder))).toEqual([false, false]);
    // What it did until then is kept.
    expect(readdirSync(run).sort()).toEqual(['curve.json', 'curve.svg', 'joint.safetensors']);
  });

  test('and is stopped on its way goes on from there, and ends in the same bytes', async () => {
    const stop = new AbortController();
    const stopped = short('stopped', {
      signal: stop.signal,
      onStep: (_, step) => step === 8 && stop.abort(),
    });
    await expect(stopped).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    const { run, category, plugins } = folders('stopped');
    expect(readdirSync(run)).toEqual(['joint.safetensors']);
    expect(checkpoint(run).state.step).toBe(8);

    const steps: number[] = [];
    const resumed = short('stopped', { onStep: (_, step) => steps.push(step) });
    await expect(resumed).rejects.toThrow(expect.objectContaining({ message: whole.message }));
    expect(steps).toEqual(Array.from({ length: STEPS - 8 }, (_, i) => i + 9));
    expect([category, plugins].map((folder) => existsSync(folder))).toEqual([false, false]);

    const [one, other] = [checkpoint(run), checkpoint(folders('short').run)];
    expect(one.state).toEqual(other.state);
    expect(one.state.curve.map(({ step }) => step)).toEqual([STEPS]);
    expect(Object.keys(one.weights)).toEqual(Object.keys(other.weights));
    const different = Object.keys(one.weights).filter((name) => one.weights[name] !== other.weights[name]);
    expect(different).toEqual([]);
    expect(readFileSync(join(run, 'curve.json'))).toEqual(
      readFileSync(join(folders('short').run, 'curve.json')),
    );
  });
});

/** What a run keeps of its joint training, but for the seconds by the clock. */
function checkpoint(run: string) {
  const path = join(run, 'joint.safetensors');
  const { weights, metadata } = unpackWeights(readFileSync(path), path);
  const { seconds, ...state } = JSON.parse(metadata.state!);
  expect(seconds).toBeGreaterThan(0);
  const bytes = Object.entries(weights).map(([name, { shape, values }]) => [
    `${name} [${shape}]`,
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
  ]);
  return {
    state: state as { step: number; curve: { step: number }[] },
    weights: Object.fromEntries(bytes) as Record<string, string>,
  };
}

/** Every file below some folders, by its path. */
function snapshot(...roots: string[]): Record<string, string> {
  const files = roots.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  expect(files.length).toBeGreaterThan(10);
  return Object.fromEntries(files.sort().map((path) => [path, readFileSync(path).toString('base64')]));
}
