/** The server: the Open Inference Protocol over HTTP, for the chains of a host. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { coded, type DeepFunctorError, fail, reasonOf } from '@deepfunctor/core';
import { type HostOptions, openHost } from '@deepfunctor/host';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Caller } from './batcher.js';
import { type Catalogue, openCatalogue } from './catalogue.js';
import type { Config } from './config.js';
import { serverMetrics } from './metrics.js';
import { type Model, VERSION } from './model.js';
import {
  cutBody,
  errorBody,
  HEADER_LENGTH,
  INFER_SCHEMA,
  type InferHeader,
  tensorMetadata,
} from './protocol.js';
import { hangUp, type Told, told } from './status.js';
import { readQuestion, writeAnswer } from './tensors.js';
import { traffic } from './traffic.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The part of the body behind its JSON. */
    binary: Buffer | null;
    /** Who waits for the answer. */
    caller: Caller | null;
  }
}

export interface ServerOptions extends Pick<HostOptions, 'cwd' | 'plugins' | 'categories' | 'engine'> {
  config: Config;
  /** Reads the configuration again, for `reload`; default: the same one. */
  reread?: () => Config;
  /** Told of what goes wrong in the server itself. Default: nobody. */
  onFault?: (error: DeepFunctorError) => void;
}

/** A server that listens. */
export interface Server {
  /** `http://127.0.0.1:8000` */
  url: string;
  /** The models that are open. */
  models(): Promise<Model[]>;
  /**
   * Discover the plugins and read the configuration again. Requests that are under way are answered by what they began with;
   * if this fails, all goes on as it was. Address, token and the limits of the whole server stay.
   */
  reload(): Promise<void>;
  /** Take no more requests, answer those that are under way, for at most the time of grace, and give everything back. */
  close(): Promise<void>;
}

type Named = { Params: { name: string; version?: string } };

/** Open the models and listen. Errors: SERVE_ADDRESS, and those of `openHost` and of the models. */
export async function openServer(options: ServerOptions): Promise<Server> {
  const { config, reread = () => config, onFault = () => {}, ...hostOptions } = options;
  const { limits, token } = config;
  const flow = traffic(limits);
  const metrics = serverMetrics(flow.load);
  const openAll = async (now: Config) => openCatalogue(await openHost(hostOptions), now, metrics);
  let catalogue: Catalogue = await openAll(config);
  let closing = false;

  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyLimit,
    requestTimeout: limits.timeout * 1000,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 16_384 },
    // What is sent is not changed before it is looked at.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    http: { maxHeaderSize: 16_384, headersTimeout: limits.timeout * 1000, connectionsCheckingInterval: 500 },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply as FastifyReply),
    clientErrorHandler: (error, socket) => {
      if ((error as { code?: string }).code === 'ECONNRESET') return socket.destroy();
      hangUp(socket, counted(told(error, limits)));
    },
  });
  app.server.maxConnections = limits.connections;
  app.decorateRequest('binary', null);
  app.decorateRequest('caller', null);

  const counted = (found: Told) => {
    metrics.errors.inc({ code: found.error.code });
    if (
      found.status >= 500 &&
      found.error.code !== 'SERVER_CLOSING' &&
      found.error.code !== 'REQUEST_TIMEOUT'
    )
      onFault(found.error);
    return found;
  };
  const answerError = (thrown: unknown, _: FastifyRequest, reply: FastifyReply) => {
    const { error, status, headers } = counted(told(thrown, limits));
    reply.headers(headers);
    reply.code(reply.statusCode === 408 ? 408 : status).send(errorBody(error));
  };
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request) =>
    fail('ROUTE_UNKNOWN', { where: 'the request', method: request.method, path: request.url.slice(0, 200) }),
  );

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    try {
      if (request.headers['content-encoding'] !== undefined)
        fail('REQUEST_INVALID', { where: 'Content-Encoding', reason: 'bodies are read as they are' });
      const { json, binary } = cutBody(body, request.headers[HEADER_LENGTH]);
      request.binary = binary;
      done(null, json);
    } catch (error) {
      done(error as Error);
    }
  });

  const allowed = bearer(token);
  app.addHook('onRequest', (request, reply, done) => {
    const { url: route = 'unknown' } = request.routeOptions;
    const began = performance.now();
    reply.raw.once('close', () => {
      metrics.requestSeconds.observe({ route }, (performance.now() - began) / 1000);
      metrics.requests.inc({ route, status: reply.raw.writableFinished ? reply.raw.statusCode : 499 });
    });
    // Whoever asks whether the server is well need not know its token.
    if (!route.startsWith('/v2/health/')) {
      if (!allowed(request.headers.authorization))
        return done(coded('REQUEST_UNAUTHORIZED', { where: 'Authorization' }));
      if (closing) return done(coded('SERVER_CLOSING', { where: route }));
      try {
        request.caller = flow.enter(request, reply);
      } catch (error) {
        return done(error as Error);
      }
    }
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });

  app.get('/v2', () => ({
    name: 'deepfunctor',
    version: packageVersion(),
    extensions: ['binary_tensor_data'],
  }));
  app.get('/v2/health/live', () => ({ live: true }));
  app.get('/v2/health/ready', (_, reply) => {
    reply.code(closing ? 503 : 200);
    return { ready: !closing };
  });
  app.get('/metrics', async (_, reply) => {
    reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  app.post<{ Body: { ready?: boolean } | undefined }>('/v2/repository/index', async () =>
    (await catalogue.list()).map(({ name }) => ({ name, version: VERSION, state: 'READY', reason: '' })),
  );
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get<Named>(path, async ({ params }) => metadata(await catalogue.model(params.name, params.version)));
    app.get<Named>(`${path}/ready`, async ({ params }) => {
      const { name } = await catalogue.model(params.name, params.version);
      return { name, ready: true };
    });
    app.post<Named & { Body: InferHeader }>(
      `${path}/infer`,
      { schema: { body: INFER_SCHEMA } },
      async ({ params, body, binary, caller }, reply) => {
        const model = await catalogue.model(params.name, params.version);
        const question = readQuestion(body, binary ?? Buffer.alloc(0), model, model.maxBatch);
        const values = await model.ask(question.inputs, question.rows, caller!);
        const about = { model_name: model.name, model_version: VERSION, id: body.id };
        const message = writeAnswer(about, question, values);
        if (message.headerLength === undefined) reply.type('application/json; charset=utf-8');
        else reply.type('application/octet-stream').header(HEADER_LENGTH, message.headerLength);
        return reply.send(message.body);
      },
    );
  }

  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (cause) {
    await catalogue.close();
    const where = `${config.host}:${config.port}`;
    return fail('SERVE_ADDRESS', { where, reason: reasonOf(cause), cause });
  }

  let work: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const done = work.then(action);
    work = done.catch(() => {});
    return done;
  };
  return {
    url: app.listeningOrigin,
    models: () => catalogue.list(),
    reload: () =>
      inTurn(async () => {
        try {
          const next = await openAll(reread());
          const before = catalogue;
          catalogue = next;
          metrics.reloads.inc({ result: 'done' });
          await before.close();
        } catch (error) {
          metrics.reloads.inc({ result: 'failed' });
          throw error;
        }
      }),
    close: () => {
      closing = true;
      const hurry = setTimeout(() => app.server.closeAllConnections(), limits.grace * 1000);
      return inTurn(async () => {
        await app.close();
        clearTimeout(hurry);
        await catalogue.close();
      });
    },
  };
}

function metadata({ name, chain, sha256, maxBatch, inputs, outputs }: Model) {
  return {
    name,
    versions: [VERSION],
    platform: 'onnxruntime_onnx',
    inputs: inputs.map(tensorMetadata),
    outputs: outputs.map(tensorMetadata),
    parameters: { chain, sha256, max_batch: maxBatch },
  };
}

/** Whether a header carries the token. Compared by digest, so that the time tells neither content nor length. */
function bearer(token: string | undefined): (header: string | undefined) => boolean {
  if (token === undefined) return () => true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(token);
  return (header = '') => {
    const [, given = ''] = /^Bearer +(.+)$/i.exec(header) ?? [];
    return timingSafeEqual(digest(given), expected);
  };
}

function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}
