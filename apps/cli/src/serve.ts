import { type Config, type ConfigInput, openServer, readConfig, type Server } from '@deepfunctor/serve';
import { onInterrupt } from './interrupt.js';

export interface ServeOptions {
  config?: string;
  host?: string;
  port?: number;
  token?: string;
  withDistribution?: boolean;
  maxBatch?: number;
  maxDelay?: number;
  threads?: number;
  queue?: number;
  bodyLimit?: number;
  timeout?: number;
  models?: number;
  json?: boolean;
}

/** `deepfunctor serve`: until SIGINT or SIGTERM. SIGHUP reads the configuration and the plugins again. */
export async function serveCommand(options: ServeOptions): Promise<void> {
  const tell = teller(options.json ?? false);
  const read = () => readConfig(options.config, givenOf(options));
  const config = read();
  const server = await openServer({
    config,
    reread: read,
    onFault: (error) => tell('fault', { error }, error.message),
  });
  const stopped = untilStopped(server, tell);
  const models = (await server.models()).map(({ name }) => name);
  const named = [...models, ...(config.compose ? ['any chain by its text'] : [])].join(', ');
  tell('listening', { url: server.url, models, compose: config.compose }, `${server.url}/v2 serves ${named}`);
  if (isOpenToAll(config))
    tell('warning', { reason: 'no token' }, 'Anybody who reaches this address may use it: set a token.');
  await stopped;
  tell('stopped', {}, 'stopped');
}

/** What the command line says; what it leaves open is the file's. */
function givenOf(options: ServeOptions): ConfigInput {
  const { host, port, withDistribution, token = process.env.DEEPFUNCTOR_TOKEN } = options;
  const { maxBatch, maxDelay, threads, queue, bodyLimit, timeout, models } = options;
  const defined = <T extends object>(all: T) =>
    Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return {
    ...defined({ host, port, withDistribution, token }),
    limits: defined({ maxBatch, maxDelay, threads, queue, bodyLimit, timeout, models }),
  };
}

function isOpenToAll({ host, token }: Config): boolean {
  return token === undefined && !/^(127\.|::1$|localhost$)/.test(host);
}

type Tell = (event: string, about: object, text: string) => void;

/** One line an event, to the standard error where it is for people. */
function teller(json: boolean): Tell {
  return (event, about, text) => {
    if (json) console.log(JSON.stringify({ event, ...about }));
    else console.error(text);
  };
}

/** Resolves when the server is closed. A second signal does not wait for what is under way. */
function untilStopped(server: Server, tell: Tell): Promise<void> {
  return new Promise((resolve, reject) => {
    let stopping = false;
    const stop = () => {
      if (stopping) return process.exit(130);
      stopping = true;
      tell('stopping', {}, 'stopping: answers what is under way; once more to stop at once');
      server.close().then(done, reject);
    };
    const reload = () => {
      server.reload().then(
        () => tell('reloaded', {}, 'reloaded'),
        (error) => tell('reload-failed', { error }, `not reloaded, all goes on as it was: ${error.message}`),
      );
    };
    const done = () => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
      process.off('SIGHUP', reload);
      resolve();
    };
    onInterrupt(stop);
    process.on('SIGTERM', stop).on('SIGHUP', reload);
  });
}
