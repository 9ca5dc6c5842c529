/** Every benchmark runs, in the small: what it tells is whole. Nothing is said of speed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { leftOut } from '../judges.js';

const bench = fileURLToPath(new URL('../bench/index.js', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
const installed =
  existsSync(join(cache, 'python/bin/python')) &&
  (existsSync(join(cache, 'torch/bin/python')) || process.env.DEEPFUNCTOR_TORCH_PYTHON !== undefined);

function run(...parameters: string[]) {
  const out = mkdtempSync(join(tmpdir(), 'bench-'));
  onTestFinished(() => rmSync(out, { recursive: true, force: true }));
  const told = spawnSync(process.execPath, [bench, '--out', out, ...parameters], { encoding: 'utf8' });
  const read = (name: string) => readFileSync(join(out, name), 'utf8');
  return { ...told, out, read };
}

// On CI the Pythons are there, or this fails.
test.skipIf(leftOut(!installed))(
  'every benchmark runs once, and the page, the chart and the raw figures have all of them',
  () => {
    const { status, stdout, stderr, read } = run('--smoke');
    const { smoke, benchmarks } = JSON.parse(read('benchmarks.json'));
    expect(
      benchmarks.filter(({ error }: { error?: string }) => error),
      stderr,
    ).toEqual([]);
    expect(status, stderr).toBe(0);
    expect(smoke).toBe(true);
    const names = benchmarks.map(({ name }: { name: string }) => name);
    expect(names.slice(0, 10)).toEqual([
      ...['host', 'fused', 'compose', 'engines', 'throughput'],
      ...['cold', 'discovery', 'learning', 'founding', 'learn-times'],
    ]);
    const page = read('benchmarks.md');
    for (const { title, figures, machine } of benchmarks) {
      expect(page).toContain(`## ${title}\n`);
      expect(page).toContain(machine);
      expect(figures.length).toBeGreaterThan(0);
      for (const { what, ratio, limit, reached, raw } of figures) {
        expect(Number.isFinite(ratio) && ratio > 0, what).toBe(true);
        expect(reached).toBe(
          limit === undefined ? null : limit.most === undefined ? ratio >= limit.least : ratio <= limit.most,
        );
        expect(page).toContain(`| ${what} | `);
        expect(typeof raw.unit).toBe('string');
      }
    }
    expect(page).toContain('A smoke run');
    expect(read('benchmarks.svg')).toMatch(/^<svg /);
    expect(stdout).toContain('benchmarks.json');
  },
  600_000,
);

test.each([
  [['--only', 'nonsense'], 'There is no benchmark “nonsense”.'],
  [['--only', 'throughput'], '“throughput” needs the four MNIST files: give their folder with --data.'],
  [['--fast'], "Unknown option '--fast'"],
])('%j is refused, and nothing is written', (parameters, reason) => {
  const { status, stderr, out } = run(...parameters);
  expect(stderr).toContain(reason);
  expect(stderr).toContain('Usage: pnpm bench');
  expect(status).toBe(2);
  expect(existsSync(join(out, 'benchmarks.json'))).toBe(false);
});

test('a benchmark that fails is told on the page and by the exit code', () => {
  const { status, stderr, read } = run('--only', 'throughput', '--data', '/nowhere');
  expect(status).toBe(1);
  expect(stderr).toContain('failed: throughput');
  expect(read('benchmarks.md')).toMatch(/- throughput: failed \(.*DATA_MISSING/);
});
