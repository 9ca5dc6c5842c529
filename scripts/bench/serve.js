// Requests a second of `deepfunctor serve` against Python's onnxruntime behind FastAPI and uvicorn, on one exported file.
//
// Both sides get the same bytes: one row a request, as a binary tensor, from CONNECTIONS that send the next request when they
// have their answer. One process each. Each is warmed with WARM_UP requests; then they are measured in turns, ROUNDS times,
// and the best round counts. Each side has two ways to use the machine, and the better one counts: ours computes a batch on
// one thread, or on one for each core; Python runs the model in its event loop, or in its thread pool. On Linux the processor time of a request is told too: it is what stays the same where
// other work shares the machine.
//
// node scripts/bench/serve.js [CHAIN]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openHost, uniforms } from '../../packages/host/dist/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const autocannon = createRequire(join(root, 'packages/serve/package.json'))('autocannon');

const CHAIN = 'digits -> add-one -> roman';
const CONNECTIONS = 32;
const WARM_UP = 5000;
const ROUNDS = 4;
const SECONDS = 3;

/** Measure; resolves to `{ name, ratio, details }`, ratio above 1 where `deepfunctor serve` answers more. */
export async function serveBench({ chain = CHAIN, rounds = ROUNDS, seconds = SECONDS } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-bench-serve-'));
  const servers = [];
  try {
    const { file, inputs } = await exported(chain, folder);
    const python = join(root, 'node_modules/.cache/python/bin/python');
    const script = join(root, 'scripts/bench/serve_fastapi.py');
    const cores = String(availableParallelism());
    const command = [join(root, 'apps/cli/bin/deepfunctor.js'), 'serve', '--port', '0', '--json'];
    const sides = [
      ['deepfunctor serve, one thread', process.execPath, command, ours],
      ['deepfunctor serve, a thread a core', process.execPath, [...command, '--threads', cores], ours],
      ['FastAPI, in the event loop', python, [script, file, 'inline'], urlOf],
      ['FastAPI, in the thread pool', python, [script, file, 'threads'], urlOf],
    ].map(([name, program, parameters, read]) => {
      const child = spawn(program, parameters, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
      servers.push(child);
      return { name, read, pid: child.pid, ready: firstLine(child).then(read), best: 0, cpu: Infinity };
    });
    const requests = Array.from({ length: 64 }, (_, index) => requestOf(chain, inputs, index));
    for (const side of sides) {
      side.url = await side.ready;
      await untilReady(side.url);
      side.answer = await answerOf(side.url, requests[0]);
    }
    for (const side of sides) checkSame(side, sides[0]);
    for (const side of sides) await load(side, requests, { amount: WARM_UP });
    for (let round = 0; round < rounds; round++)
      for (const side of sides) {
        const { perSecond, cpu } = await load(side, requests, { duration: seconds });
        side.best = Math.max(side.best, perSecond);
        side.cpu = Math.min(side.cpu, cpu);
      }
    const bestOf = (isOurs) =>
      Math.max(...sides.filter(({ read }) => (read === ours) === isOurs).map(({ best }) => best));
    return {
      name: 'served requests a second, batch 1 at saturation, against onnxruntime behind FastAPI',
      ratio: bestOf(true) / bestOf(false),
      details: {
        chain,
        connections: CONNECTIONS,
        requestsPerSecond: Object.fromEntries(sides.map(({ name, best }) => [name, Math.round(best)])),
        processorMicroseconds: Object.fromEntries(sides.map(({ name, cpu }) => [name, Math.round(cpu)])),
      },
    };
  } finally {
    for (const child of servers) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

const ours = (line) => JSON.parse(line).url;
const urlOf = (line) => `http://127.0.0.1:${line}`;

async function exported(chain, folder) {
  const host = await openHost({ cwd: root });
  const { bytes, inputs } = await host.compose(chain).toOnnx();
  await host.close();
  const file = join(folder, 'chain.onnx');
  writeFileSync(file, bytes);
  return { file, inputs };
}

/** One row of noise for each input, as the protocol has it. */
function requestOf(chain, ports, seed) {
  const uniform = uniforms(seed);
  const tensors = ports.map(({ name, shape }) => {
    const sides = shape.slice(1);
    const values = Float32Array.from({ length: sides.reduce((a, b) => a * b, 1) }, uniform);
    return { name, shape: [1, ...sides], datatype: 'FP32', values: Buffer.from(values.buffer) };
  });
  const header = Buffer.from(
    JSON.stringify({
      parameters: { binary_data_output: true },
      inputs: tensors.map(({ values, ...told }) => ({
        ...told,
        parameters: { binary_data_size: values.length },
      })),
    }),
  );
  return {
    method: 'POST',
    path: `/v2/models/${encodeURIComponent(chain)}/infer`,
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.length),
    },
    body: Buffer.concat([header, ...tensors.map(({ values }) => values)]),
  };
}

async function answerOf(url, { method, path, headers, body }) {
  const response = await fetch(url + path, { method, headers, body });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const values = bytes.subarray(Number(response.headers.get('inference-header-content-length')));
  return new Float32Array(new Uint8Array(values).buffer);
}

/** Both sides compute the same. */
function checkSame({ name, answer }, { answer: expected }) {
  if (answer.length !== expected.length || answer.some((value, i) => Math.abs(value - expected[i]) > 1e-4))
    throw new Error(`${name} answers something else`);
}

/** Requests a second, and microseconds of the server's processor time for each. Every one must be answered with 200. */
async function load({ name, url, pid }, requests, how) {
  const before = processorSeconds(pid);
  const result = await autocannon({ url, requests, connections: CONNECTIONS, ...how });
  if (result.errors + result.timeouts + result.non2xx > 0)
    throw new Error(`${name}: ${result.errors} errors, ${result.non2xx} answers that are not 200`);
  const answered = result['2xx'];
  return {
    perSecond: answered / result.duration,
    cpu: ((processorSeconds(pid) - before) * 1e6) / answered,
  };
}

/** What a process has used so far, where /proc tells it: ticks of 10 ms. */
function processorSeconds(pid) {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return Number.NaN;
  const fields = readFileSync(file, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.once('error', reject).once('exit', (code) => reject(new Error(`a server ended with ${code}`)));
  });
}

async function untilReady(url) {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await fetch(`${url}/v2/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { name, ratio, details } = await serveBench({ chain: process.argv[2] ?? CHAIN });
  console.log(`${name}: ${ratio.toFixed(2)}`);
  console.log(JSON.stringify(details, null, 2));
}
