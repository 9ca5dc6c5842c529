/** A real server on the loopback address, in a world of three tones: `keys` are two bits, `next` goes one tone up. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { openHost } from '@deepfunctor/host';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  buildWorld,
  mapped,
  TONES,
  temporaryFolder,
  type World,
  writeJson,
  writePlugin,
} from '../../host/test/world.js';
import { openCatalogue } from '../src/catalogue.js';
import { openServer, readConfig } from '../src/index.js';
import { serverMetrics } from '../src/metrics.js';
import {
  ask,
  binaryRequest,
  codedError,
  jsonRequest,
  metric,
  modelPath,
  post,
  raw,
  served,
  underWay,
} from './client.js';

const UP = 'keys -> next -> keys';
/** Tones c, e, g. */
const [C, E, G] = [
  [0, 0],
  [0, 1],
  [1, 0],
];
const keys = (...rows: (number[] | undefined)[]) => ({
  name: 'input',
  shape: [rows.length, 2],
  values: rows.flatMap((row) => row!),
});
const close = (values: number[] | undefined, expected: (number[] | undefined)[]) => {
  expect(values).toHaveLength(expected.flat().length);
  for (const [index, value] of expected.flat().entries()) expect(values![index]).toBeCloseTo(value!, 5);
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let world: World;
beforeAll(() => {
  const ends: (() => void)[] = [];
  world = buildWorld((clean) => ends.push(clean));
  return () => {
    for (const end of ends) end();
  };
});

describe('the protocol', () => {
  test('tells the server, its health, and what a chain takes and gives', async () => {
    const { url } = await served(world, { withDistribution: true });
    expect((await ask(url, '/v2')).json).toEqual({
      name: 'deepfunctor',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      extensions: ['binary_tensor_data'],
    });
    expect(await ask(url, '/v2/health/live')).toMatchObject({ status: 200, json: { live: true } });
    expect(await ask(url, '/v2/health/ready')).toMatchObject({ status: 200, json: { ready: true } });
    const name = '(keys, words) -> plus -> bars';
    const { json } = await ask(url, modelPath(name));
    expect(json).toEqual({
      name,
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [
        { name: 'input_0', datatype: 'FP32', shape: [-1, 2] },
        { name: 'input_1', datatype: 'FP32', shape: [-1, 3, 7] },
        { name: 'style', datatype: 'FP32', shape: [-1, 2] },
      ],
      outputs: [
        { name: 'output', datatype: 'FP32', shape: [-1, 1, 8, 8] },
        { name: 'distribution', datatype: 'FP32', shape: [-1, 3] },
      ],
      parameters: { chain: name, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), max_batch: 256 },
    });
    expect((await ask(url, modelPath(name, '/versions/1'))).json).toEqual(json);
    expect((await ask(url, modelPath(name, '/versions/1/ready'))).json).toEqual({ name, ready: true });
    const index = await ask(url, '/v2/repository/index', { method: 'POST' });
    expect(index.json).toEqual([{ name, version: '1', state: 'READY', reason: '' }]);
  });

  test('a chain is the same model however it is spaced, and its digest that of its export', async () => {
    const { url } = await served(world);
    const { json } = await ask(url, modelPath('keys->next   ->keys'));
    expect(json.name).toBe(UP);
    const host = await openHost({ cwd: world.project });
    const { sha256 } = await import('@deepfunctor/core');
    expect(json.parameters.sha256).toBe(sha256((await host.compose(UP).toOnnx()).bytes));
    await host.close();
    expect((await ask(url, modelPath(UP))).json).toEqual(json);
    expect((await ask(url, '/v2/repository/index', { method: 'POST' })).json).toHaveLength(1);
  });

  test('infers from numbers and from bytes, what is asked for, in the form that is asked for', async () => {
    const { url } = await served(world, { withDistribution: true });
    const path = modelPath(UP, '/infer');
    const asked = [keys(C, E, G)];
    const numbers = await ask(url, path, jsonRequest(asked, { id: 'seven' }));
    expect(numbers.json).toMatchObject({ model_name: UP, model_version: '1', id: 'seven' });
    close(numbers.outputs.output, [E, G, C]);
    expect(numbers.outputs.distribution).toHaveLength(9);
    const bytes = await ask(url, path, binaryRequest(asked));
    expect(bytes.headers.get('content-type')).toBe('application/octet-stream');
    expect(bytes.outputs).toEqual(numbers.outputs);
    const mixed = [{ name: 'distribution' }, { name: 'output', parameters: { binary_data: true } }];
    const both = await ask(url, modelPath(UP, '/versions/1/infer'), jsonRequest(asked, { outputs: mixed }));
    expect(both.json.outputs.map(({ name }: { name: string }) => name)).toEqual(['distribution', 'output']);
    expect(both.json.outputs[0].data).toHaveLength(9);
    expect(both.json.outputs[1]).toMatchObject({ shape: [3, 2], parameters: { binary_data_size: 24 } });
    expect(both.outputs).toEqual(numbers.outputs);
  });

  test('computes on several threads what it computes on one', async () => {
    const { url } = await served(world, { limits: { threads: 3 } });
    const { outputs } = await ask(url, modelPath(UP, '/infer'), binaryRequest([keys(C, E, G)]));
    close(outputs.output, [E, G, C]);
  });

  test('takes a style where the answer has one', async () => {
    const { url } = await served(world);
    const style = { name: 'style', shape: [1, 2], values: [0.25, 0.75] };
    const { outputs } = await ask(url, modelPath('keys -> bars', '/infer'), binaryRequest([keys(C), style]));
    expect(outputs.output).toHaveLength(64);
    close(outputs.output!.slice(56), [[0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75]]);
  });

  test('serves the models of a configuration under their names, and no other where it says so', async () => {
    const models = [{ name: 'up', chain: UP, withDistribution: true, maxBatch: 2 }];
    const { url } = await served(world, { models, compose: false });
    const index = await ask(url, '/v2/repository/index', post('{"ready": true}'));
    expect(index.json).toMatchObject([{ name: 'up' }]);
    const { json } = await ask(url, modelPath('up'));
    expect(json).toMatchObject({ name: 'up', parameters: { chain: UP, max_batch: 2 } });
    expect(json.outputs).toHaveLength(2);
    close((await ask(url, modelPath('up', '/infer'), jsonRequest([keys(G)]))).outputs.output, [C]);
    const refused = await ask(url, modelPath(UP));
    expect(refused.status).toBe(404);
    expect(refused.json.error).toMatch(
      /it is not in the configuration\. \[MODEL_UNKNOWN\].*\n {2}do: Name one of: up\./s,
    );
    const many = await ask(url, modelPath('up', '/infer'), jsonRequest([keys(C, C, C)]));
    expect(many).toMatchObject({ status: 413, json: { error: expect.stringContaining('[REQUEST_SIZE]') } });
  });
});

describe('what is wrong is told with a code, in the form of the protocol', () => {
  const good = jsonRequest([keys(C)]);
  test.each<[string, string, RequestInit, number, RegExp]>([
    [
      'a name that is no chain',
      modelPath('up'),
      {},
      404,
      /No model “up” is served: .* no chain\. \[MODEL_UNKNOWN\]/,
    ],
    [
      'a plugin that is not installed',
      modelPath('keys -> nxt -> keys'),
      {},
      404,
      /“nxt” is installed\. \[CHAIN_UNKNOWN_NAME\].*nearest first: next/s,
    ],
    ['a chain that is cut off', modelPath('keys -> next ->'), {}, 400, /\[CHAIN_SYNTAX\]/],
    [
      'ends that do not fit',
      modelPath('keys -> next'),
      {},
      400,
      /ends with the morphism “next”\. \[CHAIN_ENDS\]/,
    ],
    [
      'categories that do not meet',
      modelPath('keys -> next -> lamp', '/infer'),
      good,
      400,
      /gives an object of “tones”, .* “switches”\. \[CHAIN_CATEGORY\]/,
    ],
    ['a tuple of another number', modelPath('keys -> plus -> keys', '/infer'), good, 400, /\[CHAIN_ARITY\]/],
    [
      'another version',
      modelPath(UP, '/versions/2'),
      {},
      404,
      /version “2” was asked for.*\[MODEL_UNKNOWN\]/,
    ],
    [
      'a name of 3000 characters',
      modelPath(`keys${' -> next'.repeat(400)} -> keys`),
      {},
      413,
      /3212 characters, and 2000 .*\[REQUEST_SIZE\]/,
    ],
    [
      'no address',
      '/v1/models',
      {},
      404,
      /GET \/v1\/models is no address of this server\. \[ROUTE_UNKNOWN\]/,
    ],
    ['an address that cannot be decoded', '/v2/models/%zz', {}, 400, /\[REQUEST_INVALID\]/],
    ['another method', modelPath(UP, '/infer'), {}, 404, /\[ROUTE_UNKNOWN\]/],
    [
      'no JSON',
      modelPath(UP, '/infer'),
      post('{"inputs": NaN}'),
      400,
      /its JSON part cannot be read: .*\[REQUEST_INVALID\]/,
    ],
    ['no body', modelPath(UP, '/infer'), { method: 'POST' }, 400, /\[REQUEST_INVALID\]/],
    [
      'JSON of another form',
      modelPath(UP, '/infer'),
      post('[1]'),
      400,
      /body must be object\. \[REQUEST_INVALID\]/,
    ],
    [
      'a shape of texts',
      modelPath(UP, '/infer'),
      post('{"inputs":[{"name":"input","datatype":"FP32","shape":["1",2],"data":[0,0]}]}'),
      400,
      /body\/inputs\/0\/shape\/0 must be integer\. \[REQUEST_INVALID\]/,
    ],
    [
      'an input of another name',
      modelPath(UP, '/infer'),
      jsonRequest([{ ...keys(C), name: 'x' }]),
      400,
      /“x”\n|no such input, but “input”\. \[REQUEST_INVALID\]/,
    ],
    [
      'a lying length',
      modelPath(UP, '/infer'),
      post('{}', { 'inference-header-content-length': '1000000' }),
      400,
      /it is “1000000”, and the body has 2 bytes\. \[REQUEST_INVALID\]/,
    ],
    [
      'a compressed body',
      modelPath(UP, '/infer'),
      post('{}', { 'content-encoding': 'gzip' }),
      400,
      /bodies are read as they are\. \[REQUEST_INVALID\]/,
    ],
  ])('%s', async (_, path, init, status, text) => {
    const { url } = await served(world);
    const found = await ask(url, path, init);
    expect(found.json).toEqual({ error: expect.stringMatching(text) });
    expect(found.json.error).toMatch(/\n {2}where: .*\n {2}do: /s);
    expect(found.status).toBe(status);
    // Nobody else is harmed.
    close((await ask(url, modelPath(UP, '/infer'), jsonRequest([keys(C)]))).outputs.output, [E]);
  });

  test('a body that is too large, told or not', async () => {
    const { url } = await served(world, { limits: { bodyLimit: 1000 } });
    const path = modelPath(UP, '/infer');
    const text = `its body may have 1000 bytes. [REQUEST_SIZE]`;
    const told = await ask(url, path, post('x'.repeat(1001)));
    expect(told).toMatchObject({ status: 413, json: { error: expect.stringContaining(text) } });
    const pieces = `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`;
    const answer = await raw(url, `${pieces}${`100\r\n${'x'.repeat(256)}\r\n`.repeat(5)}0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*\[REQUEST_SIZE\]/s);
  });

  test('a head that is too large, and what is no HTTP', async () => {
    const { url } = await served(world);
    const head = `GET /v2 HTTP/1.1\r\nhost: x\r\ninference-header-content-length: ${'9'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(url, head)).toMatch(
      /^HTTP\/1\.1 431 .*\{"error":"The request is too large: its head .*\[REQUEST_SIZE\]/s,
    );
    expect(await raw(url, 'what is this?\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*\[REQUEST_INVALID\]/s);
    expect(await metric(url, 'deepfunctor_errors_total{code="REQUEST_SIZE"}')).toBe(1);
  });

  test('a configuration that does not fit', async () => {
    const file = join(temporaryFolder(), 'serve.json');
    const refused = async (json: unknown) => {
      writeJson(file, json);
      const error = await codedError(() => readConfig(file));
      expect(error).toMatchObject({ code: 'SERVE_CONFIG', where: file });
      return error.what;
    };
    expect(await refused({ models: [{ name: 'Up', chain: UP }] })).toContain(
      'models.0.name: must be lower-case',
    );
    expect(await refused({ limits: { queue: 0 } })).toContain('limits.queue: Too small');
    expect(await refused({ modles: [] })).toContain('Unrecognized key: "modles"');
    const twice = { name: 'up', chain: UP };
    expect(await refused({ models: [twice, twice] })).toContain('models: “up” is there twice');
    expect(await refused({ compose: false })).toContain('models: must not be empty');
    expect(await refused([])).toContain('the file holds no JSON object');
    expect(readConfig(undefined, { limits: { queue: 3 } }).limits).toMatchObject({ queue: 3, maxBatch: 256 });
    writeJson(file, { port: 1, limits: { queue: 3, maxBatch: 8 } });
    expect(readConfig(file, { port: 2, limits: { queue: 4 } })).toMatchObject({
      port: 2,
      limits: { queue: 4, maxBatch: 8 },
    });
    const broken = { models: [{ name: 'up', chain: 'keys -> nothing -> keys' }] };
    const open = () =>
      openServer({ cwd: world.project, config: readConfig(undefined, { port: 0, ...broken }) });
    expect((await codedError(open)).code).toBe('CHAIN_UNKNOWN_NAME');
  });

  test('an address that is taken', async () => {
    const { url } = await served(world);
    const config = readConfig(undefined, { port: Number(new URL(url).port) });
    const error = await codedError(() => openServer({ cwd: world.project, config }));
    expect(error.message).toMatch(
      /cannot listen: .*EADDRINUSE.*\[SERVE_ADDRESS\]\n {2}where: 127\.0\.0\.1:/s,
    );
  });
});

describe('a token', () => {
  test('is asked for by all but the health', async () => {
    const { url } = await served(world, { token: 'a-secret' });
    const with_ = (authorization: string) => ({ headers: { authorization } });
    for (const path of ['/v2/health/live', '/v2/health/ready'])
      expect((await ask(url, path)).status).toBe(200);
    for (const path of ['/v2', '/metrics', modelPath(UP), '/nowhere']) {
      const found = await ask(url, path);
      expect(found.status, path).toBe(401);
      expect(found.headers.get('www-authenticate')).toBe('Bearer');
      expect(found.json.error).toContain('[REQUEST_UNAUTHORIZED]');
    }
    for (const wrong of ['Bearer a-secre', 'Bearer a-secret2', 'Basic a-secret', 'a-secret', 'Bearer '])
      expect((await ask(url, modelPath(UP), with_(wrong))).status, wrong).toBe(401);
    expect((await ask(url, modelPath(UP), with_('Bearer a-secret'))).status).toBe(200);
  });
});

describe('many at once', () => {
  test('share a run, and are counted', async () => {
    const { url } = await served(world, { models: [{ name: 'up', chain: UP }], limits: { maxDelay: 1000 } });
    const asked = [[C], [E, G], [G], [C, C, E]];
    const expected = [[E], [G, C], [C], [E, E, G]];
    const found = await Promise.all(
      asked.map((rows) => ask(url, modelPath('up', '/infer'), binaryRequest([keys(...rows)]))),
    );
    for (const [index, { outputs }] of found.entries()) close(outputs.output, expected[index]!);
    expect(await metric(url, 'deepfunctor_batch_rows_sum{model="up"}')).toBe(7);
    expect(await metric(url, 'deepfunctor_batch_rows_count{model="up"}')).toBe(1);
    expect(await metric(url, 'deepfunctor_batch_requests_sum{model="up"}')).toBe(4);
    expect(await metric(url, 'deepfunctor_requests_total{route="/v2/models/:name/infer",status="200"}')).toBe(
      4,
    );
    expect(await metric(url, 'deepfunctor_request_seconds_count{route="/v2/models/:name/infer"}')).toBe(4);
    // The one that asks.
    expect(await metric(url, 'deepfunctor_queue_requests')).toBe(1);
  });

  test('chains that requests name are closed again, those used longest ago first', async () => {
    const { url } = await served(world, { models: [{ name: 'up', chain: UP }], limits: { models: 2 } });
    const chains = ['keys -> keys', 'keys -> words', 'words -> keys', 'words -> words'];
    const open = async () =>
      (await ask(url, '/v2/repository/index', { method: 'POST' })).json.map(
        ({ name }: { name: string }) => name,
      );
    for (const chain of chains.slice(0, 2)) await ask(url, modelPath(chain, '/ready'));
    await ask(url, modelPath(chains[0]!, '/ready'));
    await ask(url, modelPath(chains[2]!, '/ready'));
    expect(await open()).toEqual(['up', chains[0], chains[2]]);
    const all = await Promise.all(
      [...chains, ...chains, ...chains].map(async (chain) =>
        chain.startsWith('keys')
          ? ask(url, modelPath(chain, '/infer'), jsonRequest([keys(C)]))
          : ask(url, modelPath(chain)),
      ),
    );
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
    expect(await open()).toHaveLength(3);
  });

  test('too many chains to open at once are told to come again, and can be opened then', async () => {
    const metrics = serverMetrics(() => ({ requests: 0, bytes: 0 }));
    const host = await openHost({ cwd: world.project });
    const catalogue = await openCatalogue(host, readConfig(undefined), metrics);
    const chains = Array.from({ length: 12 }, (_, i) => `keys${' -> next'.repeat(i)} -> keys`);
    const found = await Promise.allSettled(chains.map((chain) => catalogue.model(chain)));
    const refused = found.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(4);
    expect(refused[0]!.reason.message).toMatch(/busy: 8 other chains wait to be opened\. \[SERVER_BUSY\]/);
    for (const chain of chains) expect((await catalogue.model(chain)).chain).toBe(chain);
    expect(await catalogue.list()).toHaveLength(12);
    await catalogue.close();
  });
});

describe('a client that', () => {
  const path = modelPath('up', '/infer');
  const config = { models: [{ name: 'up', chain: UP }] };

  test('leaves: its work is dropped, and the others get theirs', async () => {
    const { url } = await served(world, { ...config, limits: { maxDelay: 1000 } });
    const leaving = new AbortController();
    const left = ask(url, path, { ...jsonRequest([keys(C)]), signal: leaving.signal }).catch(() => 'left');
    const stays = ask(url, path, jsonRequest([keys(E)]));
    await underWay(url, 2);
    leaving.abort();
    expect(await left).toBe('left');
    close((await stays).outputs.output, [G]);
    expect(await metric(url, 'deepfunctor_batch_rows_sum{model="up"}')).toBe(1);
    expect(await metric(url, 'deepfunctor_requests_total{route="/v2/models/:name/infer",status="499"}')).toBe(
      1,
    );
    expect(await metric(url, 'deepfunctor_queue_requests')).toBe(1);
  });

  test('sends half a head or half a body is answered 408, and the others as ever', async () => {
    const { url } = await served(world, { ...config, limits: { timeout: 0.6 } });
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n`;
    const hanging = [raw(url, head), raw(url, `${head}\r\n{"inputs`)];
    for (let i = 0; i < 5; i++) close((await ask(url, path, jsonRequest([keys(C)]))).outputs.output, [E]);
    for (const answer of await Promise.all(hanging))
      expect(answer).toMatch(
        /^HTTP\/1\.1 408 .*given up after 0\.6 s: it did not come to its end\. \[REQUEST_TIMEOUT\]/s,
      );
    expect(await metric(url, 'deepfunctor_queue_requests')).toBe(1);
    expect(await metric(url, 'deepfunctor_queue_bytes')).toBe(0);
  });

  test('waits too long is told so, and its work is dropped', async () => {
    const { url } = await served(world, { ...config, limits: { timeout: 0.2, maxDelay: 600 } });
    const late = await ask(url, path, jsonRequest([keys(C)]));
    expect(late.status).toBe(503);
    expect(late.headers.get('retry-after')).toBe('1');
    expect(late.json.error).toContain('given up after 0.2 s: others are before it. [REQUEST_TIMEOUT]');
    await pause(600);
    expect(await metric(url, 'deepfunctor_batch_rows_count{model="up"}')).toBe(0);
    expect((await ask(url, '/v2/health/live')).status).toBe(200);
  });

  test('brings more than the queue holds, in requests or in bytes, is told to come again', async () => {
    const { url } = await served(world, { ...config, limits: { queue: 2, maxDelay: 1000 } });
    const all = await Promise.all([1, 2, 3, 4].map(() => ask(url, path, jsonRequest([keys(C)]))));
    expect(all.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
    const busy = all.find(({ status }) => status === 429)!;
    expect(busy.headers.get('retry-after')).toBe('1');
    expect(busy.json.error).toMatch(/busy: 2 requests are under way\. \[SERVER_BUSY\]/);
    const queueBytes = String(jsonRequest([keys(C)]).body).length + 1;
    const narrow = await served(world, { ...config, limits: { queueBytes, maxDelay: 1000 } });
    const two = await Promise.all([1, 2].map(() => ask(narrow.url, path, jsonRequest([keys(C)]))));
    expect(two.map(({ status }) => status).sort()).toEqual([200, 429]);
  });
});

describe('stopping', () => {
  test('answers what is under way, takes no more, and waits for nobody who hangs longer than its grace', async () => {
    const config = { models: [{ name: 'up', chain: UP }], limits: { maxDelay: 1000, grace: 1.5 } };
    const server = await served(world, config);
    const path = modelPath('up', '/infer');
    const hanging = raw(
      server.url,
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"inputs`,
    );
    const asked = [C, E, G].map((row) => ask(server.url, path, jsonRequest([keys(row)])));
    await underWay(server.url, 4);
    const began = performance.now();
    const closed = server.close();
    await expect(fetch(`${server.url}/v2/health/live`)).rejects.toThrow('fetch failed');
    const answers = await Promise.all(asked);
    for (const [index, { outputs }] of answers.entries()) close(outputs.output, [[E, G, C][index]!]);
    expect(answers[0]!.headers.get('connection')).toBe('close');
    await closed;
    expect(performance.now() - began).toBeLessThan(8000);
    expect(await hanging).not.toContain('200 OK');
  });

  test('a connection that is open already is told so', async () => {
    const server = await served(world, { models: [{ name: 'up', chain: UP }], limits: { maxDelay: 1000 } });
    const path = modelPath('up', '/infer');
    const body = JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], data: C }] });
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let got = '';
    socket.on('data', (piece) => {
      got += piece;
    });
    const request = (text: string) =>
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
    socket.write(request(body));
    await underWay(server.url, 1);
    const closed = server.close();
    socket.write(request(body));
    await Promise.all([closed, once(socket, 'close')]);
    expect(got).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(got.match(/HTTP\/1\.1/g)!.length).toBeLessThanOrEqual(2);
    if (got.includes('503')) expect(got).toContain('[SERVER_CLOSING]');
  });
});

describe('files that are replaced while serving', () => {
  /** Goes two tones up. */
  const replaced = (folder: string, { tones }: World) => {
    const port = { category: tones.name, contract: `^${tones.version}`, space: tones.digest };
    const manifest = { kind: 'morphism', name: 'next', inputs: [port], output: port, table: [2, 0, 1] };
    writePlugin(folder, manifest, { morphism: mapped(TONES, TONES, [2, 0, 1]) });
  };

  test('what is loaded stays as it is, what is not is never mixed, and a reload takes all that is new', async () => {
    const own = buildWorld();
    const faults: string[] = [];
    const server = await served(own, {}, { onFault: ({ code }) => faults.push(code) });
    const infer = (chain: string) => ask(server.url, modelPath(chain, '/infer'), jsonRequest([keys(C)]));
    close((await infer(UP)).outputs.output, [E]);
    const before = (await ask(server.url, modelPath(UP))).json.parameters.sha256;
    replaced(own.folder('morphism-next'), own);
    writeFileSync(join(own.folder('functor-words'), 'weights/decode.onnx'), 'half a fi');
    close((await infer(UP)).outputs.output, [E]);
    close((await infer('keys -> next -> next -> keys')).outputs.output, [G]);
    const broken = await infer('keys -> next -> words');
    expect(broken.status).toBe(500);
    expect(broken.json.error).toMatch(/has 9 bytes, but \d+ are recorded\. \[WEIGHTS_SIZE\]/);
    expect(faults).toEqual(['WEIGHTS_SIZE']);
    expect((await ask(server.url, modelPath(UP))).json.parameters.sha256).toBe(before);
    await server.reload();
    close((await infer(UP)).outputs.output, [G]);
    expect((await ask(server.url, modelPath(UP))).json.parameters.sha256).not.toBe(before);
    expect(await metric(server.url, 'deepfunctor_reloads_total{result="done"}')).toBe(1);
  });

  test('a reload loses no request; one that fails changes nothing', async () => {
    const own = buildWorld();
    const models = [{ name: 'up', chain: UP }];
    let next = { models };
    const reread = () => readConfig(undefined, { port: 0, ...next });
    const server = await served(own, { models, limits: { maxDelay: 30 } }, { reread });
    let done = false;
    const statuses: number[] = [];
    const asking = [C, E, G].map(async (row, index) => {
      while (!done) {
        const { status, outputs } = await ask(
          server.url,
          modelPath('up', '/infer'),
          jsonRequest([keys(row)]),
        );
        statuses.push(status);
        close(outputs.output, [[E, G, C][index]!]);
      }
    });
    for (let i = 0; i < 3; i++) await server.reload();
    next = { models: [{ name: 'up', chain: 'keys -> gone -> keys' }] };
    expect((await codedError(() => server.reload())).code).toBe('CHAIN_UNKNOWN_NAME');
    await pause(100);
    done = true;
    await Promise.all(asking);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await metric(server.url, 'deepfunctor_reloads_total{result="failed"}')).toBe(1);
    next = { models: [{ name: 'same', chain: 'keys -> keys' }] };
    await server.reload();
    expect((await ask(server.url, modelPath('up'))).status).toBe(404);
    expect((await ask(server.url, modelPath('same'))).status).toBe(200);
  });
});
