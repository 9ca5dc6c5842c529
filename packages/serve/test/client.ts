/** A server in a world of its own, and a client that knows the protocol from its specification alone. */
import { connect } from 'node:net';
import { DeepFunctorError } from '@deepfunctor/core';
import { onTestFinished } from 'vitest';
import type { World } from '../../host/test/world.js';
import { type ConfigInput, openServer, readConfig, type Server } from '../src/index.js';

/** A server that is closed at the end of the test. */
export async function served(
  world: Pick<World, 'project'>,
  config: ConfigInput = {},
  more: Partial<Parameters<typeof openServer>[0]> = {},
): Promise<Server> {
  const read = readConfig(undefined, { port: 0, ...config });
  const server = await openServer({ cwd: world.project, config: read, ...more });
  onTestFinished(() => server.close());
  return server;
}

export interface Tensor {
  name: string;
  shape: number[];
  values: number[];
}

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what was answered.
  json: any;
  /** The outputs by name, whichever way they came. */
  outputs: Record<string, number[]>;
}

/** The path of a model, by name. */
export const modelPath = (name: string, rest = '') => `/v2/models/${encodeURIComponent(name)}${rest}`;

/** Send a request, and read what comes as the protocol has it. */
export async function ask(url: string, path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url + path, init);
  const bytes = Buffer.from(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.length);
  const text = bytes.toString('utf8', 0, length);
  const isJson =
    response.headers.get('inference-header-content-length') ?? response.headers.get('content-type');
  const json = /json|^\d/.test(isJson ?? '') ? JSON.parse(text) : text;
  const outputs: Record<string, number[]> = {};
  let at = length;
  for (const { name, data, parameters } of json.outputs ?? []) {
    const size = parameters?.binary_data_size ?? 0;
    outputs[name] = data ?? Array.from({ length: size / 4 }, (_, i) => bytes.readFloatLE(at + 4 * i));
    at += size;
  }
  return { status: response.status, headers: response.headers, json, outputs };
}

export const post = (
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/octet-stream', ...headers },
});

/** A request with its tensors as numbers. */
export function jsonRequest(tensors: Tensor[], rest: object = {}): RequestInit {
  const inputs = tensors.map(({ values, ...told }) => ({ ...told, datatype: 'FP32', data: values }));
  return post(JSON.stringify({ inputs, ...rest }));
}

/** A request with its tensors as bytes, and the answer too. */
export function binaryRequest(tensors: Tensor[], rest: object = {}): RequestInit {
  const { bytes, length } = binaryBody(tensors, { parameters: { binary_data_output: true }, ...rest });
  return post(bytes, { 'inference-header-content-length': String(length) });
}

export function binaryBody(tensors: Tensor[], rest: object = {}) {
  const parts = tensors.map(({ values }) => {
    const part = Buffer.alloc(4 * values.length);
    for (const [index, value] of values.entries()) part.writeFloatLE(value, 4 * index);
    return part;
  });
  const inputs = tensors.map(({ name, shape }, index) => ({
    name,
    shape,
    datatype: 'FP32',
    parameters: { binary_data_size: parts[index]!.length },
  }));
  const header = Buffer.from(JSON.stringify({ inputs, ...rest }));
  return { bytes: new Uint8Array(Buffer.concat([header, ...parts])), length: header.length };
}

/** One number of the metrics, by the beginning of its line. */
export async function metric(url: string, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.split(' ')
      .at(-1) ?? 0,
  );
}

/** Resolves when so many requests are under way. */
export async function underWay(url: string, count: number): Promise<void> {
  // The one that asks is one too.
  while ((await metric(url, 'deepfunctor_queue_requests')) !== count + 1)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Write to a socket; resolves to all that came when the other side has hung up. */
export function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let got = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (piece) => {
      got += piece;
    });
    socket.on('error', () => {}).on('close', () => resolve(got));
  });
}

/** The coded error that an action throws or rejects with. */
export async function codedError(action: () => unknown): Promise<DeepFunctorError> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof DeepFunctorError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}
