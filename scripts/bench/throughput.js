// All test digits of MNIST through a chain on two cores, against Python's onnxruntime on the exported file.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CHAIN, hostOf } from './lib/chains.js';
import { pictures } from './lib/pictures.js';
import { judges, program } from './lib/python.js';
import { figure, inverse, turns } from './lib/turns.js';

const CORES = 2;

export default async function ({ data, smoke, progress }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-throughput-'));
  const workers = [];
  try {
    const { pixels, count } = pictures(data, smoke, 't10k');
    const values = Float32Array.from(pixels, (value) => value / 255);
    const host = await hostOf();
    const { bytes } = await host.compose(CHAIN).toOnnx();
    await host.close();
    writeFileSync(join(folder, 'chain.onnx'), bytes);
    writeFileSync(join(folder, 'rows.f32'), values);

    const per = Math.ceil(count / CORES);
    for (let core = 0; core < CORES; core++) {
      const rows = values.slice(core * per * 784, (core + 1) * per * 784);
      workers.push(
        new Worker(new URL('./lib/throughput-worker.js', import.meta.url), {
          workerData: { chain: CHAIN, rows },
        }),
      );
    }
    const answers = (question) =>
      Promise.all(
        workers.map((worker) => {
          worker.postMessage(question);
          // An error of the thread is its answer.
          return once(worker, 'message');
        }),
      );
    await answers('open');
    const python = program(judges(), 'throughput.py', folder, String(count));
    progress('Python tries its ways');
    const ways = smoke ? [[2, 256]] : [256, 1000, 10_000, 64].map((batch) => [CORES, batch]);
    const tried = [];
    for (const [threads, batch] of ways) {
      await python.ask({ threads, batch, sessions: 1 });
      tried.push({
        threads,
        batch,
        sessions: 1,
        seconds: (await python.ask({ threads, batch, sessions: 1 })).seconds,
      });
    }
    const best = tried.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    progress(`Python is fastest in batches of ${best.batch}`);
    const ours = async () => {
      const from = performance.now();
      await answers('run');
      return (performance.now() - from) / 1000;
    };
    const asked = (way) => async () => (await python.ask(way)).seconds;
    const rounds = smoke ? 1 : 9;
    const names = ['Python onnxruntime', 'host'];
    const session = inverse(await turns(ours, asked(best), rounds));
    const tuned = inverse(
      await turns(ours, asked({ threads: 1, batch: best.batch, sessions: CORES }), rounds),
    );
    python.close();
    return {
      title: 'The whole test set, on two cores',
      how: `${count} pictures as float32 in memory on both sides, through ${CHAIN}. The host in ${CORES} worker threads with half of the rows each; Python with one session on ${CORES} threads and the fastest of the batch sizes 64, 256, 1,000 and all. Beside it Python written for this: ${CORES} threads with a session of one thread each.`,
      figures: [
        figure('throughput against Python’s onnxruntime on the same file', session, {
          limit: { least: 1 },
          names,
          unit: 's',
        }),
        figure('against Python with a session a core', tuned, { names, unit: 's' }),
      ],
    };
  } finally {
    for (const worker of workers) await worker.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}
