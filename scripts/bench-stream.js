// How many pictures a second go through `deepfunctor run … --input DIR`: the 10,000 of MNIST's test set as PNG files, with and
// without threads that decode. Turns are taken, and the best of each counts. Usage: bench-stream.js --data DIR [--count N] [--turns N]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { toPng } from '../packages/host/dist/index.js';
import { readMnist } from '../packages/train/dist/data/idx.js';

const CHAIN = 'digits -> add-one -> roman';
const ROMAN = ['N', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'];
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    count: { type: 'string', default: '10000' },
    turns: { type: 'string', default: '2' },
    threads: { type: 'string', default: '0,1,2' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const { count, height, width, pixels, labels } = readMnist(values.data, 't10k');
const total = Math.min(count, Number(values.count));
const folder = mkdtempSync(join(tmpdir(), 'bench-stream-'));
try {
  for (let row = 0; row < total; row++) {
    const picture = Float32Array.from(
      pixels.subarray(row * height * width, (row + 1) * height * width),
      (v) => v / 255,
    );
    writeFileSync(join(folder, `${String(row).padStart(5, '0')}.png`), toPng(picture, width, height));
  }
  const results = values.threads.split(',').map((threads) => ({ threads, rate: 0, right: 0 }));
  for (let turn = 0; turn < Number(values.turns); turn++) {
    for (const result of results) {
      const out = join(folder, 'results.ndjson');
      const begun = performance.now();
      const args = ['run', CHAIN, '--input', folder, '--out', out, '--threads', result.threads];
      const { status, stderr } = spawnSync(
        process.execPath,
        [join(root, 'apps/cli/bin/deepfunctor.js'), ...args],
        { cwd: root },
      );
      if (status === 1) throw new Error(String(stderr));
      const seconds = (performance.now() - begun) / 1000;
      const lines = readFileSync(out, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line));
      result.right = lines.filter(({ value }, row) => value === ROMAN[(labels[row] + 1) % 10]).length / total;
      result.rate = Math.max(result.rate, total / seconds);
      for (const name of [out, `${out}.run.json`]) rmSync(name);
      console.log(
        `turn ${turn + 1}, ${result.threads} threads: ${(total / seconds).toFixed(0)} pictures a second`,
      );
    }
  }
  console.log(
    `\n${CHAIN}, ${total} pictures, the whole command; ${availableParallelism()} cores, ${cpus()[0]?.model}, Node ${process.version}\n`,
  );
  for (const { threads, rate, right } of results)
    console.log(
      `${threads} threads: ${rate.toFixed(0)} pictures a second, ${(100 * right).toFixed(2)} % right`,
    );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
