// Runs all tests, or with `e2e` those of the packed packages; further arguments are vitest's.
// Writes vitest's JSON report too where DEEPFUNCTOR_TEST_JSON names a file.
import { spawnSync } from 'node:child_process';

const [first, ...rest] = process.argv.slice(2);
const e2e = first === 'e2e';
const report = process.env.DEEPFUNCTOR_TEST_JSON;
const { status } = spawnSync(
  'vitest',
  [
    'run',
    // Some tests take a second or two of a free core; two busy ones must not fail them.
    ...(e2e ? ['--config', 'apps/cli/vitest.e2e.config.ts'] : ['--testTimeout=30000']),
    ...(report ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : []),
    ...(e2e || first === undefined ? rest : [first, ...rest]),
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
