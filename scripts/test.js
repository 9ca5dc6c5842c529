// Runs all tests; writes vitest's JSON report too where DEEPFUNCTOR_TEST_JSON names a file.
import { spawnSync } from 'node:child_process';

const report = process.env.DEEPFUNCTOR_TEST_JSON;
const reporters = report ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : [];
const { status } = spawnSync('vitest', ['run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exit(status ?? 1);
