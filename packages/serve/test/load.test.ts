/** Under load, with the plugins of this repository: every request gets its own answer, or is told to come again. */
import { fileURLToPath } from 'node:url';
import { type Chain, type Host, openHost, uniforms } from '@deepfunctor/host';
import autocannon from 'autocannon';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConfigInput } from '../src/index.js';
import { ask, jsonRequest, metric, modelPath, served } from './client.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const CHAIN = 'binary -> add-one -> roman';
const WIDTH = 4;

let host: Host;
let chain: Chain;
beforeAll(async () => {
  host = await openHost({ cwd: project });
  chain = host.compose(CHAIN);
});
afterAll(() => host.close());

interface Sent {
  id: string;
  row: number;
}

/** Send so many requests of a row each; gives what came back by status. Every answer must be the one of its own request. */
async function load(url: string, amount: number, connections: number) {
  const uniform = uniforms(7);
  const rows = Array.from({ length: 50 }, () => Array.from({ length: WIDTH }, () => Math.fround(uniform())));
  const alone = await Promise.all(
    rows.map(async (row) => (await chain.runTensors([Float32Array.from(row)], 1)).output),
  );
  const statuses: Record<number, number> = {};
  const seen = new Set<string>();
  const wrong: string[] = [];
  let sent = 0;
  const result = await autocannon({
    url,
    amount,
    connections,
    timeout: 60,
    requests: [
      {
        setupRequest(request, context) {
          const about: Sent = { id: `request ${sent}`, row: sent % rows.length };
          sent++;
          Object.assign(context, about);
          const input = { name: 'input', shape: [1, WIDTH], values: rows[about.row]! };
          const { body } = jsonRequest([input], { id: about.id });
          return { ...request, method: 'POST', path: modelPath(CHAIN, '/infer'), body: String(body) };
        },
        onResponse(status, body, context) {
          statuses[status] = (statuses[status] ?? 0) + 1;
          const { id, row } = context as Sent;
          const json = JSON.parse(body);
          if (status !== 200) {
            if (!/\[SERVER_BUSY\]/.test(json.error)) wrong.push(`${id}: ${body}`);
            return;
          }
          if (json.id !== id || seen.has(id)) wrong.push(`${id} got ${json.id}`);
          seen.add(id);
          const [{ data }] = json.outputs as [{ data: number[] }];
          const off = Math.max(...alone[row]!.map((value, index) => Math.abs(value - data[index]!)));
          if (!(off < 1e-5)) wrong.push(`${id} is off by ${off}`);
        },
      },
    ],
  });
  expect(wrong).toEqual([]);
  expect(result.errors).toBe(0);
  expect(result.timeouts).toBe(0);
  return statuses;
}

const server = (config: ConfigInput) => served({ project }, config);

test('at saturation there is no error, and no request is lost', async () => {
  const { url } = await server({});
  expect(await load(url, 3000, 64)).toEqual({ 200: 3000 });
  const rows = await metric(url, 'deepfunctor_batch_rows_sum{model="composed"}');
  const runs = await metric(url, 'deepfunctor_batch_rows_count{model="composed"}');
  expect(rows).toBe(3000);
  // They came while others were computed.
  expect(rows / runs).toBeGreaterThan(2);
});

test('above what the queue holds the rest is told to come again, and nothing is lost or hangs', async () => {
  const { url } = await server({ limits: { queue: 16 } });
  const statuses = await load(url, 3000, 64);
  expect(Object.keys(statuses)).toEqual(['200', '429']);
  expect(statuses[200]! + statuses[429]!).toBe(3000);
  expect(await metric(url, 'deepfunctor_errors_total{code="SERVER_BUSY"}')).toBe(statuses[429]);
  expect(await metric(url, 'deepfunctor_batch_rows_sum{model="composed"}')).toBe(statuses[200]);
  expect(await metric(url, 'deepfunctor_queue_requests')).toBe(1);
  const input = { name: 'input', shape: [1, WIDTH], values: [0, 1, 1, 0] };
  const after = await ask(url, modelPath(CHAIN, '/infer'), jsonRequest([input]));
  expect(after.status).toBe(200);
});
