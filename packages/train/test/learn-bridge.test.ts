import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BridgeManifest, DeepFunctorError, parseManifest, readReference } from '@deepfunctor/core';
import { openHost } from '@deepfunctor/host';
import { Matrix } from 'ml-matrix';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type LearnBridgeOptions, type LearnReport, learnBridgePlugin } from '../src/index.js';
import { procrustes } from '../src/learn/bridge.js';
import { Random } from '../src/random.js';
import { newFolder, writeSeasons } from './seasons.js';
import { drawnRotation, writeTurned } from './turned.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const { folder: root, remove } = newFolder();
afterAll(remove);
writeFileSync(join(root, 'package.json'), '{}');
const seasons = writeSeasons(join(root, 'seasons'));
const turned = writeTurned(join(root, 'seasons-2'), seasons);

const drawn = (rows: number, columns: number, seed: number) =>
  Matrix.from1DArray(rows, columns, [...new Random(seed, 79).normals(rows * columns)]);
const distance = (a: Matrix, b: Matrix) => Matrix.sub(a, b).norm();

async function codedError(action: () => unknown): Promise<DeepFunctorError> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof DeepFunctorError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('the rotation between two sets of codes', () => {
  test('is the one that turned them, where they span their space', () => {
    for (const seed of [1, 2, 3]) {
      const [a, rotation] = [drawn(9, 6, seed), drawnRotation(6, seed)];
      expect(distance(procrustes(a, a.mmul(rotation)), rotation)).toBeLessThan(1e-10);
    }
  });

  test('takes the span of fewer codes to that of the others, and what they do not span to nothing', () => {
    const [a, turn] = [drawnRotation(8, 4).subMatrix(0, 2, 0, 7), drawnRotation(8, 5)];
    const b = a.mmul(turn);
    const found = procrustes(a, b);
    expect(distance(a.mmul(found), b)).toBeLessThan(1e-10);
    expect(distance(b.mmul(found.transpose()), a)).toBeLessThan(1e-10);
    // A direction orthogonal to all codes.
    const outside = drawnRotation(8, 4).subMatrix(3, 3, 0, 7);
    expect(outside.mmul(found).norm()).toBeLessThan(1e-10);
  });

  test('is found between spaces of different dimension', () => {
    const [a, b] = [drawnRotation(8, 6).subMatrix(0, 3, 0, 7), drawnRotation(5, 7).subMatrix(0, 3, 0, 4)];
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      expect(distance(from.mmul(procrustes(from, to)), to)).toBeLessThan(1e-10);
  });

  test('is no farther from the codes than any other rotation, where none fits them', () => {
    const [a, b] = [drawn(9, 6, 8), drawn(9, 6, 9)];
    const best = distance(a.mmul(procrustes(a, b)), b);
    for (let seed = 10; seed < 60; seed++)
      expect(distance(a.mmul(drawnRotation(6, seed)), b)).toBeGreaterThan(best);
  });
});

describe('a bridge that was learned', () => {
  const out = join(root, 'bridge-seasons-1-to-2');
  const folders = { categories: [seasons.directory, turned.directory], cwd: root };
  let report: LearnReport;
  beforeAll(async () => {
    const options = { name: 'seasons-1-to-2', out, ...folders };
    report = await learnBridgePlugin({ ...options, from: 'seasons@1.0.0', to: 'seasons@2.0.0' });
  });

  test('is a whole package: manifest, models, card, README, typed reference and test', () => {
    const json = JSON.parse(readFileSync(join(out, 'package.json'), 'utf8'));
    const manifest = parseManifest(json, out) as BridgeManifest;
    expect(manifest).toMatchObject({
      kind: 'bridge',
      name: 'seasons-1-to-2',
      from: { category: 'seasons', contract: '^1.0.0', space: seasons.digest },
      to: { category: 'seasons', contract: '^2.0.0', space: turned.digest },
      card: { mode: 'frozen', steps: 0, measured: report.measured },
    });
    expect(readdirSync(out).sort()).toEqual(
      ['README.md', 'back.onnx', 'index.d.ts', 'index.js', 'package.json', 'test', 'there.onnx'].sort(),
    );
    expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain('Both releases of the category');
    expect(readFileSync(join(out, 'index.d.ts'), 'utf8')).toContain("BridgePlugin<'seasons'>");
    expect(readFileSync(join(out, 'test/plugin.test.js'), 'utf8')).toContain('testPlugin');
    expect(report).toMatchObject({ kind: 'bridge', category: 'seasons@1.0.0 ↔ seasons@2.0.0' });
  });

  test('measures itself in both directions, on latents that it was not fitted to', () => {
    for (const way of ['1.0.0 → 2.0.0', '2.0.0 → 1.0.0']) {
      expect(report.measured[`${way}, clear reference latents that keep their label`]).toBe(1);
      expect(report.measured[`${way}, noised latents that keep what is read from them`]).toBeGreaterThan(0.9);
      expect(report.measured[`${way}, of the reference sample within the support`]).toBe(1);
      expect(report.measured[`${way}, mean total variation of beliefs, ambiguous`]).toBeLessThan(1e-3);
      expect(report.measured[`${way} and back, mean total variation of beliefs`]).toBeLessThan(1e-3);
    }
  });

  test('carries codes to codes, and every latent to its counterpart within the support', async () => {
    const host = await openHost({ plugins: [out], ...folders });
    const [a, b] = [readReference(seasons), readReference(turned)];
    const { dimension, norm, support } = seasons;
    const code = (codes: Float32Array) => {
      const length = Math.hypot(...codes.subarray(0, dimension));
      return codes.map((v) => (v * norm.value * Math.sqrt(dimension)) / length);
    };
    const largest = (x: Float32Array, y: Float32Array) => Math.max(...x.map((v, i) => Math.abs(v - y[i]!)));
    for (const [way, from, to] of [
      ['there', a, b],
      ['back', b, a],
    ] as const) {
      const codes = await host.cross('seasons-1-to-2', way, code(from.codes));
      expect(largest(codes, code(to.codes))).toBeLessThan(1e-4);
      const latents = await host.cross('seasons-1-to-2', way, from.latents);
      expect(largest(latents, to.latents)).toBeLessThan(support.threshold * norm.value);
    }
    await host.close();
  });

  test('is refused where there is a folder already', async () => {
    const options = { name: 'again', out, from: 'seasons@1.0.0', to: 'seasons@2.0.0', ...folders };
    expect((await codedError(() => learnBridgePlugin(options))).code).toBe('OUTPUT_EXISTS');
  });
});

test('folders of releases serve as well as names', async () => {
  const out = join(root, 'from-folders');
  await learnBridgePlugin({ name: 'folders', out, from: 'seasons-2', to: seasons.directory, cwd: root });
  expect(existsSync(join(out, 'there.onnx'))).toBe(true);
});

describe('where no bridge can be, nothing is written', () => {
  const labelled = (labels: string[], version: string) => {
    const other = { ...seasons, labels: labels.map((name, i) => ({ ...seasons.labels[i]!, name })) };
    return writeTurned(join(root, `seasons-${version}`), other, { version }).directory;
  };
  const spoiled = () =>
    writeTurned(join(root, 'seasons-spoiled'), seasons, {
      version: '9.0.0',
      change: (reference) => {
        // The codes of the labels change places: what is said of the space is not so.
        const codes = new Float32Array(reference.codes.length);
        codes.set(reference.codes.subarray(0, 3 * seasons.dimension), seasons.dimension);
        codes.set(reference.codes.subarray(3 * seasons.dimension), 0);
        return { ...reference, codes };
      },
    }).directory;
  const cases: [string, () => [from: string, to: string], string, string][] = [
    ['one release twice', () => ['seasons', 'seasons'], 'USAGE', 'both are the same release'],
    ['two categories', () => ['seasons', 'fuzzy-digits'], 'USAGE', 'are two categories'],
    [
      'other labels',
      () => ['seasons', labelled(['spring', 'summer', 'fall', 'winter'], '3.0.0')],
      'USAGE',
      'the two releases have other labels',
    ],
    ['an unknown release', () => ['seasons', 'seasons@7.0.0'], 'CATEGORY_UNKNOWN', 'seasons@7.0.0'],
    [
      'codes that are wrong',
      () => ['seasons', spoiled()],
      'LEARNING_FAILED',
      '% of clear latents keep their label',
    ],
  ];
  test.each(cases)('%s', async (_, ends, code, text) => {
    const [from, to] = ends();
    const out = join(root, 'nothing');
    const options: LearnBridgeOptions = { name: 'nothing', out, from, to, cwd: root };
    const error = await codedError(() => learnBridgePlugin({ ...options, categories: [seasons.directory] }));
    expect([error.code, error.what]).toEqual([code, expect.stringContaining(text)]);
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
