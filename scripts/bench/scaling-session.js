// Times sessions of files in one thread: medians in microseconds of a run, files and batches interleaved in each round.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { files, sizes, rounds } = JSON.parse(process.argv[2]);
// The engine is a dependency of the host.
const ort = createRequire(fileURLToPath(new URL('../../packages/host/', import.meta.url)))(
  'onnxruntime-node',
);
const before = process.memoryUsage().rss;
const sessions = [];
for (const file of files)
  sessions.push(await ort.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 }));
const feedsOf = (session, rows) =>
  Object.fromEntries(
    session.inputMetadata.map(({ name, shape }) => {
      const dims = [rows, ...shape.slice(1)];
      const size = dims.reduce((a, b) => a * b);
      const values = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 101) / 101);
      return [name, new ort.Tensor('float32', values, dims)];
    }),
  );
const samples = sessions.map(() => sizes.map(() => []));
for (let round = -1; round < rounds; round++)
  for (const [at, rows] of sizes.entries())
    for (const [index, session] of sessions.entries()) {
      const feeds = feedsOf(session, rows);
      const repeats = Math.max(1, Math.round(64 / rows));
      const begun = performance.now();
      for (let i = 0; i < repeats; i++) await session.run(feeds);
      // The first round warms up.
      if (round >= 0) samples[index][at].push((1000 * (performance.now() - begun)) / repeats);
    }
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const microseconds = samples.map((each) => each.map((values) => Number(median(values).toFixed(1))));
console.log(JSON.stringify({ microseconds, memory: process.memoryUsage().rss - before }));
