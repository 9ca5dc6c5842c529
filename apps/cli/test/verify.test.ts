import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { call, root } from './command.js';

vi.setConfig({ testTimeout: 60_000 });
const folder = mkdtempSync(join(tmpdir(), 'cli-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A project with small plugins of the repository, and two made wrong: a table that is not computed, a file cut short. */
function project(name: string, wrong: 'nothing' | 'table' | 'file'): string {
  const here = join(folder, name);
  const modules = join(here, 'node_modules');
  mkdirSync(modules, { recursive: true });
  const parts = ['functor-binary', 'morphism-identity', 'morphism-times-two'];
  for (const part of parts) symlinkSync(join(root, 'plugins', part), join(modules, part));
  const copy = join(modules, 'morphism-add-one');
  cpSync(join(root, 'plugins/morphism-add-one'), copy, {
    recursive: true,
    filter: (path) => !path.includes('node_modules', root.length),
  });
  if (wrong === 'table') {
    const file = join(copy, 'package.json');
    const json = JSON.parse(readFileSync(file, 'utf8'));
    const { table } = json.deepfunctor;
    [table[0], table[1]] = [table[1], table[0]];
    writeFileSync(file, JSON.stringify(json));
  }
  if (wrong === 'file') truncateSync(join(copy, 'morphism.onnx'), 100);
  const dependencies = Object.fromEntries([...parts, 'morphism-add-one'].map((part) => [part, '*']));
  writeFileSync(join(here, 'package.json'), JSON.stringify({ name: 'a-project', dependencies }));
  return here;
}
const right = project('right', 'nothing');
const wrong = project('wrong', 'table');
const cut = project('cut', 'file');

function verify(cwd: string, ...args: string[]) {
  return call(['verify', ...args, '--samples', '60'], { cwd });
}

test('where every law holds it prints a table of law and plugin and exits with 0', () => {
  const { status, stdout, stderr } = verify(right);
  expect(stdout).toMatch(/^functor +binary\nlands +✓ 0\n/);
  expect(stdout).toMatch(/^keeps +✓ –$/m);
  expect(stdout).toMatch(/^morphism +add-one +identity +times-two$/m);
  expect(stdout).toMatch(/^fuzzy +(✓ [\d.e-]+ *){3}$/m);
  expect(stdout).not.toContain('✗');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no colours where it is no terminal.
  expect(stdout).not.toMatch(/\x1b/);
  expect(stderr).toContain('100 %');
  expect(status).toBe(0);
});

test('a law that does not hold is told with figure, limit and counterexample; the exit code is 1', () => {
  const { status, stdout } = verify(wrong, 'add-one');
  expect(stdout).toMatch(/^table +✗ 0\.2$/m);
  expect(stdout).toContain(
    '✗ add-one, table: 0.2, at most 0.0005; 12 of 60 tuples are wrong; (“0”) gives “1”, not “2”',
  );
  expect(stdout).toMatch(/^lands +✓ 0$/m);
  expect(status).toBe(1);
});

test('only the plugins that are named are verified, and bear no fault of a partner', () => {
  const { status, stdout } = verify(wrong, 'binary', 'identity');
  expect(stdout).not.toMatch(/^(functor|morphism).*add-one/m);
  expect(stdout).not.toContain('✗');
  expect(status).toBe(0);
});

test('as JSON: findings, matrix and curves, the same for the same seed', () => {
  const [one, two] = [1, 2].map(() => verify(wrong, '--json', '--seed', '3').stdout);
  expect(one).toBe(two);
  const told = JSON.parse(one!);
  expect(told).toMatchObject({ holds: false, seed: 3, samples: 60, setAside: [] });
  const table = told.findings.find(
    (f: { plugin: string; law: string }) => f.plugin === 'add-one' && f.law === 'table',
  );
  expect(table).toMatchObject({ of: 'morphism', holds: false, figure: 0.2, limit: 0.0005 });
  expect(told.findings).toHaveLength(9 + 3 * 8);
  expect(told.matrix).toHaveLength(3);
  expect(told.matrix.find((cell: { morphism: string }) => cell.morphism === 'add-one').accuracy).toBeCloseTo(
    0.8,
  );
  expect(told.categories[0].depth.map(({ steps }: { steps: number }) => steps)).toEqual([1, 10, 100, 1000]);
  expect(told.categories[0].fuzziness).toHaveLength(3);
});

test('a plugin that was set aside counts as a failure; named, it is told with its error', () => {
  const all = verify(cut);
  expect(all.stdout).toContain('set aside: add-one');
  expect(all.stdout).toContain('[WEIGHTS_SIZE]');
  expect(all.status).toBe(1);
  const named = verify(cut, 'add-one', '--json');
  expect(JSON.parse(named.stdout).error.code).toBe('WEIGHTS_SIZE');
  expect(named.status).toBe(1);
  expect(verify(cut, 'binary').status).toBe(0);
});

test('an HTML report has tables, counterexamples and pictures in one file', () => {
  const report = join(folder, 'reports/laws.html');
  expect(verify(wrong, '--report', report)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining(report),
  });
  const page = readFileSync(report, 'utf8');
  expect(page).toContain('<td>table</td><td class="no">✗ 0.2</td>');
  expect(page).toContain('(“0”) gives “1”, not “2”');
  for (const picture of ['swap', 'fuzzy-digits-depth', 'fuzzy-digits-fuzziness'])
    expect(page).toMatch(new RegExp(`<figure id="${picture}"><svg [\\s\\S]*?</svg></figure>`));
  expect(page).toContain('binary → add-one');
  expect(page).not.toContain('undefined');
  expect(readdirSync(join(folder, 'reports'))).toEqual(['laws.html']);
});

test('a Markdown report has its pictures beside it', () => {
  const out = join(folder, 'markdown');
  expect(verify(right, 'identity', '--report', join(out, 'laws.md')).status).toBe(0);
  const pictures = ['laws-fuzzy-digits-depth.svg', 'laws-fuzzy-digits-fuzziness.svg', 'laws-swap.svg'];
  expect(readdirSync(out).sort()).toEqual([...pictures, 'laws.md'].sort());
  const page = readFileSync(join(out, 'laws.md'), 'utf8');
  for (const picture of pictures) {
    expect(page).toContain(`](${picture})`);
    expect(readFileSync(join(out, picture), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  }
  expect(page).toContain('All 8 laws hold.');
});

test('a wrong call is a coded error, nothing is written, and the exit code is 2', () => {
  const unknown = verify(right, 'ad-one');
  expect(unknown.stderr).toContain('[CHAIN_UNKNOWN_NAME]');
  expect(unknown.stderr).toContain('nearest first: add-one');
  expect(unknown.status).toBe(2);
  const report = join(folder, 'laws.pdf');
  const kind = verify(right, '--report', report);
  expect(kind.stderr).toMatch(/FILE\.html or FILE\.md\. \[USAGE\]/);
  expect(kind.status).toBe(2);
  expect(existsSync(report)).toBe(false);
});

test('a report that cannot be written is a coded error', () => {
  writeFileSync(join(folder, 'a-file'), '');
  const { status, stderr } = verify(right, 'identity', '--report', join(folder, 'a-file/laws.html'));
  expect(stderr).toContain('[OUTPUT_UNWRITABLE]');
  expect(status).toBe(1);
});
