// Runs all tests, or with `e2e` those of the packed packages, with `site` those of the built documentation; further arguments are vitest's.
// Writes vitest's JSON report too where DEEPFUNCTOR_TEST_JSON names a file.
import { spawnSync } from 'node:child_process';

const [first, ...rest] = process.argv.slice(2);
const config = { e2e: 'apps/cli/vitest.e2e.config.ts', site: 'apps/site/vitest.site.config.ts' }[first];
const report = process.env.DEEPFUNCTOR_TEST_JSON;
const { status } = spawnSync(
  'vitest',
  [
    'run',
    // Some tests take a second or two of a free core; two busy ones must not fail them.
    ...(config ? ['--config', config] : ['--testTimeout=30000']),
    ...(report ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : []),
    ...(config || first === undefined ? rest : [first, ...rest]),
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
