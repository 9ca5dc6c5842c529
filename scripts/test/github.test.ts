import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { leftOut, python } from '../judges.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { scripts, devDependencies } = JSON.parse(read('package.json'));
const ci = read('.ci/run');

interface Step {
  id?: string;
  if?: string;
  run?: string;
  uses?: string;
  env?: Record<string, string>;
  with?: Record<string, unknown>;
}
interface Job {
  needs?: string;
  uses?: string;
  if?: string;
  container?: string;
  permissions?: Record<string, string>;
  steps?: Step[];
}
interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}
const workflow = (name: string): Workflow => parse(read(`.github/workflows/${name}.yml`));
const names = globSync('.github/workflows/*.yml', { cwd: root }).map((path) =>
  path.replace(/^.*[\\/]|\.yml$/g, ''),
);
const stepsOf = (name: string): Step[] =>
  Object.values(workflow(name).jobs).flatMap(({ steps }) => steps ?? []);

describe('workflows', () => {
  test('the test is .ci/run and nothing else, as root on a bare Debian with a Node that the packages allow', () => {
    expect(statSync(join(root, '.ci/run')).mode & 0o111).toBe(0o111);
    const { on, jobs } = workflow('test');
    expect(Object.keys(on)).toEqual(['push', 'pull_request', 'workflow_call']);
    expect(Object.keys(jobs)).toEqual(['test']);
    const { container, steps } = jobs.test!;
    expect(container).toBe('node:20-bookworm');
    expect(steps!.map(({ uses, run }) => uses?.replace(/@.*/, '') ?? run)).toEqual([
      'actions/checkout',
      '.ci/run',
    ]);
  });

  test('a release comes after the same test, from main, and alone may ask for an identity and write', () => {
    const { jobs, on } = workflow('release');
    expect(Object.keys(on)).toEqual(['workflow_dispatch']);
    expect(jobs.test!.uses).toBe('./.github/workflows/test.yml');
    const { needs, if: when, permissions, steps } = jobs.release!;
    expect(needs).toBe('test');
    expect(when).toBe("github.ref == 'refs/heads/main'");
    expect(permissions).toEqual({ contents: 'write', 'id-token': 'write' });
    const [dry, real] = steps!.filter(({ run }) => run?.includes('run release'));
    expect(dry).toMatchObject({
      if: 'inputs.dry-run',
      run: expect.stringMatching(/ run release --dry-run$/),
    });
    expect(real).toMatchObject({
      if: expect.stringContaining('!inputs.dry-run'),
      run: expect.stringMatching(/ run release$/),
    });
    expect(dry!.env).toBeUndefined();
  });

  test('the pages are what .ci/run builds and looks at, below the base that the host says', () => {
    const steps = stepsOf('pages');
    const site = steps.find(({ run }) => run?.includes('run site'))!;
    expect(site.env).toEqual({ SITE_BASE: expect.stringContaining('steps.pages.outputs.base_path') });
    expect(ci).toMatch(/^tests .* env SITE_BASE=\/\S+\/ \$pnpm test:site$/m);
    expect(scripts['test:site']).toMatch(/^pnpm run site && /);
    const upload = steps.find(({ uses }) => uses?.startsWith('actions/upload-pages-artifact@'))!;
    expect(upload.with).toEqual({ path: 'apps/site/out' });
  });

  test.each(names)(
    '%s: nothing may write unless its job says so, and every command is one of package.json',
    (name) => {
      expect(workflow(name).permissions).toEqual({ contents: 'read' });
      const commands = stepsOf(name).flatMap(({ run }) => run?.match(/pnpm@\S+ .*/g) ?? []);
      for (const command of commands) {
        const [, version, words] = /^pnpm@(\S+) (?:run )?(.*)$/.exec(command)!;
        expect(version).toBe(devDependencies.pnpm);
        const script = words!.split(' ')[0]!;
        expect(['install', ...Object.keys(scripts)]).toContain(script);
      }
    },
  );

  test('.ci/run has the pnpm of package.json and runs only its scripts', () => {
    expect(/^pnpm='npx -y pnpm@(.*)'$/m.exec(ci)?.[1]).toBe(devDependencies.pnpm);
    const run = [...ci.matchAll(/^(?:step|tests) .*\$pnpm (\S+)$/gm)].map(([, script]) => script!);
    expect(run.length).toBeGreaterThan(0);
    for (const script of run) expect(Object.keys(scripts)).toContain(script);
  });
});

describe('issue forms', () => {
  const forms = globSync('.github/ISSUE_TEMPLATE/*.yml', { cwd: root }).filter(
    (path) => !path.endsWith('config.yml'),
  );

  test('there is one for a bug, for a plugin, and for a law that fails', () => {
    expect(forms.map((path) => path.replace(/^.*[\\/]/, '')).toSorted()).toEqual([
      'bug.yml',
      'law.yml',
      'plugin.yml',
    ]);
  });

  test('commands that they ask for exist', () => {
    const commands = forms.flatMap((path) => read(path).match(/deepfunctor (list|run|verify)\b/g) ?? []);
    expect(new Set(commands)).toEqual(new Set(['deepfunctor list', 'deepfunctor run', 'deepfunctor verify']));
  });
});

/** A judge from outside, with the schemas of schemastore.org in it. */
const judge = join(root, 'node_modules/.cache/python/bin/check-jsonschema');
const absent = !existsSync(judge);

describe.skipIf(leftOut(absent))(
  'the schemas of GitHub’s files (scripts/python-env.sh installs them)',
  () => {
    const judged = (schema: string, ...files: string[]): { status: number | null; told: string } => {
      if (absent) throw new Error('check-jsonschema is not installed: run scripts/python-env.sh');
      const { status, stdout, stderr } = spawnSync(
        python,
        ['-m', 'check_jsonschema', '--builtin-schema', `vendor.${schema}`, ...files],
        { cwd: root, encoding: 'utf8' },
      );
      return { status, told: stdout + stderr };
    };

    test.each([
      ['github-workflows', '.github/workflows/*.yml'],
      ['github-issue-config', '.github/ISSUE_TEMPLATE/config.yml'],
      ['github-issue-forms', '.github/ISSUE_TEMPLATE/{bug,law,plugin}.yml'],
    ])('hold for %s', (schema, pattern) => {
      const files = globSync(pattern, { cwd: root });
      expect(files.length).toBeGreaterThan(0);
      expect(judged(schema, ...files)).toEqual({ status: 0, told: expect.stringContaining('ok') });
    });

    test('and do not for a file of another kind', () => {
      expect(judged('github-workflows', '.github/ISSUE_TEMPLATE/bug.yml')).toEqual({
        status: 1,
        told: expect.stringContaining("'on' is a required property"),
      });
    });
  },
);
