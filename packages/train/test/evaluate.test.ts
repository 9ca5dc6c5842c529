import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pushForward } from '@deepfunctor/core';
import type { Gray } from '@deepfunctor/host';
import { Resvg } from '@resvg/resvg-js';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openEngine } from '../src/engine.js';
import {
  best10,
  calibrationError,
  correlation,
  countDots,
  share,
  totalVariation,
  variety,
} from '../src/fuzzy-digits/evaluate/figures.js';
import { openJudge } from '../src/fuzzy-digits/evaluate/judge.js';
import { paintDots } from '../src/fuzzy-digits/evaluate/painter.js';
import { type Report, writeReport } from '../src/fuzzy-digits/evaluate/report.js';
import { FUNCTORS, isTrained, K, MORPHISMS, PIXELS, SIDE, TABLES } from '../src/fuzzy-digits/settings.js';
import { Random } from '../src/random.js';
import { engines } from './engines.js';
import { exampleDigits, shifted, writeIdx } from './examples.js';

vi.setConfig({ testTimeout: 300_000 });
const { present } = await engines();
const tf = await openEngine(present.includes('native') ? 'native' : 'wasm');
const root = mkdtempSync(join(tmpdir(), 'evaluate-'));
afterAll(() => rmSync(root, { recursive: true }));

/** `[n, K]` of the given parts; what is left of 1 goes to the last label. */
const beliefs = (...rows: Record<number, number>[]) =>
  Float32Array.from(
    rows.flatMap((parts) => {
      const row = Array.from({ length: K }, (_, k) => parts[k] ?? 0);
      row[K - 1] = row[K - 1]! + 1 - row.reduce((a, b) => a + b, 0);
      return row;
    }),
  );

describe('dots are counted', () => {
  /** A picture of characters: `#` is ink. */
  const drawn = (...lines: string[]) => {
    const pixels = new Float32Array(PIXELS);
    lines.forEach((line, y) => {
      [...line].forEach((c, x) => {
        pixels[y * SIDE + x] = c === '#' ? 1 : 0;
      });
    });
    return pixels;
  };

  test('as ink that hangs together at its sides', () => {
    expect(countDots(drawn(), 0)).toBe(0);
    expect(countDots(drawn('##   ##', '##   ##', '', '   ###'), 0)).toBe(3);
    // Corners do not join; a ring and a long line are one each.
    expect(countDots(drawn('##  ', '##  ', '  ##', '  ##'), 0)).toBe(2);
    expect(countDots(drawn('#####', '#   #', '# # #', '#   #', '#####'), 0)).toBe(1);
    expect(countDots(drawn(' #', ' ##', '  ##', '   ##'), 0)).toBe(1);
  });

  test('without specks of one or two pixels', () => {
    expect(countDots(drawn('#  ##  ###', '', '#', '#', '#'), 0)).toBe(2);
  });

  test('with no way around the edges', () => {
    const ends = `##${' '.repeat(SIDE - 4)}##`;
    expect(countDots(drawn(ends, ends), 0)).toBe(2);
    const tall = Array<string>(SIDE).fill('');
    expect(countDots(drawn('###', ...tall.slice(2), '###'), 0)).toBe(2);
  });

  test('above one half, in the picture that is asked for', () => {
    const two = new Float32Array(2 * PIXELS);
    two.set(
      drawn('###').map((v) => 0.5 * v),
      0,
    );
    two.set(
      drawn('###', '', '###').map((v) => 0.51 * v),
      PIXELS,
    );
    expect([countDots(two, 0), countDots(two, 1)]).toEqual([0, 2]);
  });
});

describe('beliefs are measured:', () => {
  test('the likeliest label, the first of equals, and the share of rows', () => {
    const p = beliefs({ 2: 1 }, { 4: 0.5, 6: 0.5 }, { 1: 0.3 });
    expect([0, 1, 2].map((i) => best10(p, i))).toEqual([2, 4, 9]);
    expect(share(4, (i) => i === 2)).toBe(0.25);
  });

  test('calibration is the distance of confidence and share in each bin, by its rows', () => {
    const sure = beliefs({ 3: 1 }, { 4: 1 });
    expect(calibrationError(sure, [3, 4])).toBe(0);
    expect(calibrationError(sure, [3, 5])).toBe(0.5);
    expect(calibrationError(sure, [0, 0])).toBe(1);
    // Three rows of confidence 0.8, two of them right: |0.8 − 2/3|. One of 0.5, wrong: 0.5.
    const p = beliefs({ 1: 0.8, 2: 0.2 }, { 5: 0.8, 2: 0.2 }, { 6: 0.8, 2: 0.2 }, { 1: 0.5, 2: 0.3, 3: 0.2 });
    expect(calibrationError(p, [1, 5, 2, 3])).toBeCloseTo((3 / 4) * (0.8 - 2 / 3) + (1 / 4) * 0.5, 6);
    // In one bin alone, the rows that are too sure and those that are not sure enough make up for each other.
    const mixed = beliefs({ 1: 0.9, 2: 0.1 }, { 1: 0.6, 2: 0.4 });
    expect(calibrationError(mixed, [2, 1], 1)).toBeCloseTo(0.25, 6);
    expect(calibrationError(mixed, [2, 1], 15)).toBeCloseTo((0.9 + 0.4) / 2, 6);
  });

  test('total variation is half of what is moved, on average over rows', () => {
    const [a, b] = [beliefs({ 1: 1 }, { 2: 0.5, 3: 0.5 }), beliefs({ 4: 1 }, { 2: 0.25, 3: 0.75 })];
    expect(totalVariation(a, a)).toBe(0);
    expect(totalVariation(a, b)).toBeCloseTo((1 + 0.25) / 2, 6);
  });

  test('a table moves each part of a belief, and parts meet where it sends them to one label', () => {
    const p = beliefs({ 1: 0.5, 6: 0.25, 9: 0.25 }, { 0: 1 });
    expect([...pushForward(TABLES['times-two'], [p], [K], K)]).toEqual([
      ...beliefs({ 2: 0.75, 8: 0.25 }, { 0: 1 }),
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(K - 1), { minLength: K, maxLength: K }), fc.nat(K - 1), (table, k) => {
        expect([...pushForward(table, [beliefs({ [k]: 1 })], [K], K)]).toEqual([
          ...beliefs({ [table[k]!]: 1 }),
        ]);
      }),
    );
  });
});

describe('pictures and styles are measured:', () => {
  test('variety is the deviation within a label, not between labels', () => {
    const labels = Array.from({ length: 2 * K }, (_, i) => i % K);
    const paint = (value: (i: number, p: number) => number) =>
      Float32Array.from({ length: 2 * K * PIXELS }, (_, j) => value(Math.floor(j / PIXELS), j % PIXELS));
    expect(
      variety(
        paint((i) => (i % K) / K),
        labels,
      ),
    ).toBeCloseTo(0, 6);
    expect(
      variety(
        paint((i) => (i < K ? 0.2 : 0.8)),
        labels,
      ),
    ).toBeCloseTo(0.3, 5);
    // One pixel of a half of the labels.
    expect(
      variety(
        paint((i, p) => (p === 5 && i === (i % 5) + K ? 1 : 0)),
        labels,
      ),
    ).toBeCloseTo(0.5 / PIXELS / 2, 8);
  });

  test('correlation is that of the columns, on average', () => {
    const a = Float32Array.of(1, 5, 2, 6, 3, 9);
    const line = a.map((v, j) => (j % 2 ? 3 - 2 * v : 10 + 4 * v));
    expect(correlation(a, a, 2)).toBeCloseTo(1, 6);
    expect(correlation(a, line, 2)).toBeCloseTo(0, 6); // 1 in one column, −1 in the other
    expect(correlation(a, line, 1)).not.toBeCloseTo(0, 1);
    // (1, 2, 3) against (1, 3, 2): one half.
    expect(correlation(Float32Array.of(1, 2, 3), Float32Array.of(1, 3, 2), 1)).toBeCloseTo(0.5, 6);
  });
});

describe('the painter of dots', () => {
  /**
   * Count again, in a way of its own: what stands out from the paper of the border, in pieces no smaller than a third of
   * the smallest disc, so that noise is none. Rows and columns flood to their neighbours until nothing changes.
   */
  function recount({ width, height, gray }: Gray): number {
    const border: number[] = [];
    for (let x = 0; x < width; x++) border.push(gray[x]!, gray[(height - 1) * width + x]!);
    for (let y = 0; y < height; y++) border.push(gray[y * width]!, gray[y * width + width - 1]!);
    const paper = border.sort((a, b) => a - b)[border.length >> 1]!;
    const full = gray.reduce((far, v) => (Math.abs(v - paper) > Math.abs(far - paper) ? v : far), paper);
    if (Math.abs(full - paper) < 0.4) return 0;
    const least = 0.0006 * Math.min(width, height) ** 2;
    // Union of the runs of ink in each row with those they touch in the row above.
    const parent: number[] = [];
    const mass: number[] = [];
    const rootOf = (i: number): number => (parent[i] === i ? i : rootOf(parent[i]!));
    let above = new Int32Array(width).fill(-1);
    for (let y = 0; y < height; y++) {
      const here = new Int32Array(width).fill(-1);
      for (let x = 0; x < width; x++) {
        if ((gray[y * width + x]! - paper) / (full - paper) <= 0.35) continue;
        if (x > 0 && here[x - 1]! >= 0) here[x] = here[x - 1]!;
        else {
          here[x] = parent.length;
          parent.push(parent.length);
          mass.push(0);
        }
        mass[here[x]!]!++;
        if (above[x]! >= 0) parent[rootOf(above[x]!)] = rootOf(here[x]!);
      }
      above = here;
    }
    const total = new Map<number, number>();
    mass.forEach((m, i) => {
      total.set(rootOf(i), (total.get(rootOf(i)) ?? 0) + m);
    });
    return [...total.values()].filter((m) => m >= least).length;
  }

  test('paints as many as it is told', () => {
    const random = new Random(12);
    const wrong: number[][] = [];
    const sides = new Set<number>();
    for (let i = 0; i < 500; i++) {
      const picture = paintDots(i % K, random);
      const { width, height, gray } = picture;
      expect(gray).toHaveLength(width * height);
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(40);
      expect(Math.max(width, height)).toBeLessThanOrEqual(600);
      expect(gray.every((v) => v >= 0 && v <= 1)).toBe(true);
      sides.add(width);
      const counted = recount(picture);
      if (counted !== i % K) wrong.push([i, i % K, counted, width, height]);
    }
    expect(wrong).toEqual([]);
    expect(sides.size).toBeGreaterThan(100);
  });

  test('paints the same for the same seed, and another picture for the next', () => {
    const painted = (seed: number) => paintDots(7, new Random(seed));
    expect(painted(3)).toEqual(painted(3));
    expect(painted(4)).not.toEqual(painted(3));
    const random = new Random(3);
    expect(paintDots(7, random)).toEqual(painted(3));
    expect(paintDots(7, random)).not.toEqual(painted(3));
  });
});

describe('the report', () => {
  const report: Report = {
    machine: '2 × Some Processor, Node v22.0.0',
    engine: 'onnxruntime-node',
    digest: `sha256-${'0f'.repeat(32)}`,
    plugins: ['@deepfunctor/functor-dots@0.1.0', '@deepfunctor/morphism-identity@0.2.0'],
    judge: 0.99432,
    rows: [
      { what: 'reached', figure: '≥ 99.5 %', measured: '99.61 %', reached: true },
      { what: 'missed', figure: '≤ 0.1 points', measured: '0.13 points', reached: false },
      { what: 'left out', figure: '≥ 98 %', measured: null, reached: null },
    ],
    matrix: FUNCTORS.flatMap((input, i) =>
      MORPHISMS.flatMap((morphism, j) =>
        FUNCTORS.map((output, k) => ({
          input,
          morphism,
          output,
          accuracy: 0.9987 - (9 * i + 3 * j + k) / 10_000,
          encoder: 0.9991 - i / 1000,
          trained: isTrained(input, morphism, output),
        })),
      ),
    ),
    depth: [1, 10, 100, 1000].map((steps, i) => ({ steps, accuracy: 0.997 - i / 10_000 })),
    fuzziness: [1, 10, 100].map((steps) => ({ steps, variation: 1e-4 * steps })),
  };
  const out = join(root, 'deep', 'report');
  writeReport(out, report);
  const text = (name: string) => readFileSync(join(out, name), 'utf8');
  const page = text('report.md');
  /** The cells of the lines of a table that begins with this head. */
  const table = (head: string) => {
    const lines = page.split('\n');
    const cells = (line: string) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
    const from = lines.findIndex((line) => cells(line)[0] === head);
    expect(from).toBeGreaterThan(0);
    expect(cells(lines[from + 1]!).every((cell) => /^-+$/.test(cell))).toBe(true);
    const end = lines.findIndex((line, i) => i > from && !line.startsWith('|'));
    return lines.slice(from + 2, end).map(cells);
  };

  test('is five files, and nothing half-written beside them', () => {
    const names = ['depth.svg', 'fuzziness.svg', 'report.json', 'report.md', 'swap-matrix.svg'];
    expect(readdirSync(out).sort()).toEqual(names);
  });

  test('is in JSON what was measured', () => {
    expect(JSON.parse(text('report.json'))).toEqual(report);
  });

  test('says in Markdown what it says in JSON', () => {
    const hundredths = (x: number) => `${(Math.round(x * 1e4) / 100).toFixed(2)} %`;
    expect(table('what')).toEqual([
      ['reached', '≥ 99.5 %', '99.61 %', 'yes'],
      ['missed', '≤ 0.1 points', '0.13 points', '**no**'],
      ['left out', '≥ 98 %', 'not measured', '–'],
    ]);
    expect(table('in')).toEqual(
      report.matrix.map(({ input, morphism, output, accuracy, encoder, trained }) => [
        input,
        morphism,
        output,
        hundredths(accuracy),
        hundredths(encoder),
        trained ? 'yes' : 'never',
      ]),
    );
    expect(page.match(/\| never +\|/g)).toHaveLength(report.matrix.filter(({ trained }) => !trained).length);
    for (const said of [report.machine, report.engine, report.digest, ...report.plugins, '99.43 %'])
      expect(page).toContain(said);
  });

  test('shows pictures that are whole and there', () => {
    const named = [...page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, name]) => name!);
    expect(named.sort()).toEqual(['depth.svg', 'fuzziness.svg', 'swap-matrix.svg']);
    for (const name of named) {
      const picture = new Resvg(text(name)).render();
      expect([picture.width, picture.height]).toEqual([640, name === 'swap-matrix.svg' ? 420 : 320]);
      // Something is drawn: not all pixels are of one colour.
      expect(new Set(new Uint32Array(Uint8Array.from(picture.pixels).buffer)).size).toBeGreaterThan(5);
    }
    const cells = text('swap-matrix.svg');
    for (const { accuracy, trained } of report.matrix)
      expect(cells).toContain(`>${Number((100 * accuracy).toFixed(2))}${trained ? '' : ' *'}<`);
  });

  test('is written over an older one', () => {
    writeReport(out, { ...report, judge: 0.5 });
    expect(JSON.parse(text('report.json')).judge).toBe(0.5);
    expect(text('report.md')).toContain('(50.00 % on');
    expect(readdirSync(out)).toHaveLength(5);
  });
});

describe('the judge', () => {
  const data = join(root, 'data');
  const cache = join(root, 'cache');
  const examples = exampleDigits();
  const nudged = [
    [1, 0],
    [0, 1],
    [-1, -1],
  ].flatMap(([dx, dy]) => examples.map((each) => shifted(each, dx!, dy!)));
  writeIdx(data, 'train', examples);
  writeIdx(data, 't10k', nudged);
  const STEPS = 60;
  let accuracy = 0;

  test('learns from the training half, and reads digits that it has not seen at their place', async () => {
    const steps: number[] = [];
    const judge = await openJudge(tf, data, cache, (step) => steps.push(step), undefined, STEPS);
    expect(steps).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    const answers = judge.read(
      Float32Array.from(
        nudged.flatMap(({ pixels }) => [...pixels]),
        (v) => v / 255,
      ),
    );
    const right = nudged.filter(({ label }, i) => answers[i] === label).length / nudged.length;
    expect(judge.accuracy).toBe(right);
    accuracy = right;
    expect(right).toBeGreaterThan(0.95);
  });

  test('is not taught again where it is in the cache, and reads the same', async () => {
    const written = readFileSync(join(cache, readdirSync(cache)[0]!));
    const steps: number[] = [];
    const judge = await openJudge(tf, data, cache, (step) => steps.push(step), undefined, STEPS);
    expect(steps).toEqual([]);
    expect(judge.accuracy).toBe(accuracy);
    expect(readFileSync(join(cache, readdirSync(cache)[0]!)).equals(written)).toBe(true);
  });

  test('that is stopped leaves nothing in the cache', async () => {
    const stop = new AbortController();
    const other = join(root, 'stopped');
    const teaching = openJudge(tf, data, other, (step) => step === 2 && stop.abort(), stop.signal, STEPS);
    await expect(teaching).rejects.toThrow(/abort/i);
    expect(() => readdirSync(other)).toThrow(/ENOENT/);
  });
});
