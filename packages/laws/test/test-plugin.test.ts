/** `testPlugin` as an author uses it: a vitest of its own, on a right and on a wrong plugin. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { bridgeLaws, laws } from '../src/index.js';
import { back, there, withBridge } from './second.js';
import { buildWorld, mapped, TONES, type World } from './world.js';

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

function run(world: World, plugin: string) {
  const file = join(world.project, 'test/plugin.test.ts');
  mkdirSync(dirname(file), { recursive: true });
  const kit = new URL('../src/vitest.ts', import.meta.url).pathname;
  const folder = JSON.stringify(`file://${world.folder(plugin)}/`);
  writeFileSync(
    file,
    `import { testPlugin } from ${JSON.stringify(kit)};
testPlugin(new URL(${folder}), { cwd: ${JSON.stringify(world.project)}, samples: 30 });\n`,
  );
  const report = join(world.project, 'report.json');
  const { status, stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', '--root', world.project, '--reporter=json', `--outputFile.json=${report}`],
    { encoding: 'utf8', cwd: world.project, env: { ...process.env, VITEST: undefined } },
  );
  expect(existsSync(report), stderr).toBe(true);
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const tests: { title: string; status: string; failureMessages: string[] }[] =
    testResults[0].assertionResults;
  return { status, tests };
}

test('every law of its kind is a test, and all pass', () => {
  const { status, tests } = run(buildWorld(), 'plus');
  expect(tests.filter(({ status }) => status !== 'passed')).toEqual([]);
  const own = laws
    .filter(({ of }) => of === 'morphism' || of === 'across')
    .map(({ name, statement }) => `${name}: ${statement}`);
  expect(tests.map(({ title }) => title).slice(1)).toEqual(own);
  expect(status).toBe(0);
}, 60_000);

test('a wrong plugin fails, and the message tells figure, limit and counterexample', () => {
  const world = buildWorld();
  world.replace('next', 'morphism', mapped(TONES, TONES, [1, 2, 1]));
  const { status, tests } = run(world, 'next');
  const failed = tests.filter((each) => each.status === 'failed');
  expect(failed.map(({ title }) => title.split(':')[0])).toEqual(['table', 'steady', 'fuzzy', 'swap']);
  expect(failed[0]!.failureMessages[0]).toContain(
    'at most 0.0005: 10 of 30 tuples are wrong; (“g”) gives “e”, not “c”',
  );
  expect(status).toBe(1);
}, 60_000);

test('a plugin that cannot be installed fails every test with why', () => {
  const world = buildWorld();
  world.edit('next', (json) => {
    json.deepfunctor.output.space = `sha256-${'0'.repeat(64)}`;
  });
  const { tests } = run(world, 'next');
  expect(tests.every((each) => each.status === 'failed')).toBe(true);
  expect(tests[0]!.failureMessages[0]).toContain('SPACE_MISMATCH');
  expect(tests[1]!.failureMessages[0]).toContain('“next” was set aside');
}, 60_000);

test('a bridge is under the laws of bridges, and a wrong one fails them', () => {
  const right = run(withBridge(there(), back()), 'tones-1-to-2');
  expect(right.tests.map(({ title }) => title.split(':')[0]).slice(1)).toEqual(
    bridgeLaws.map(({ name }) => name),
  );
  expect(right.tests.every((each) => each.status === 'passed')).toBe(true);
  const wrong = run(withBridge(there(), back([1, 2, 0])), 'tones-1-to-2');
  const failed = wrong.tests.filter((each) => each.status === 'failed');
  expect(failed.map(({ title }) => title.split(':')[0])).toEqual(['belief', 'label', 'returns']);
  expect(failed[1]!.failureMessages[0]).toContain(
    'latents change their label, 2.0.0 to 1.4.0; “c” becomes “e”',
  );
}, 60_000);
