/** A registry of its own on a loopback port: it keeps what is published, and fetches the rest where npm does. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { plainEnvironment } from '../install.js';
import { root } from './repository.js';

export interface Registry {
  /** `http://127.0.0.1:PORT/` */
  url: string;
  close(): Promise<void>;
}

/** Start it with its storage in a folder. */
export async function startRegistry(folder: string): Promise<Registry> {
  mkdirSync(folder, { recursive: true });
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], {
    cwd: folder,
    env: plainEnvironment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
  const config = join(folder, 'config.yaml');
  const own = { access: '$all', publish: '$all', unpublish: '$all' };
  writeFileSync(
    config,
    // YAML is a superset of JSON.
    JSON.stringify({
      storage: join(folder, 'storage'),
      uplinks: { public: { url: upstream, maxage: '1h', timeout: '60s' } },
      packages: {
        deepfunctor: own,
        'create-deepfunctor': own,
        '@deepfunctor/*': own,
        '**': { access: '$all', proxy: 'public' },
      },
      max_body_size: '100mb',
      log: { type: 'stdout', format: 'pretty', level: 'error' },
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const require = createRequire(join(root, 'package.json'));
  const program = join(dirname(require.resolve('verdaccio/package.json')), 'bin/verdaccio');
  const child = spawn(process.execPath, [program, '--config', config, '--listen', `127.0.0.1:${port}`], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  const close = async () => {
    child.kill();
    await ended;
  };
  for (let waited = 0; ; waited++) {
    if (child.exitCode !== null) throw new Error(`verdaccio ended with ${child.exitCode}`);
    const answer = await fetch(`${url}-/ping`).catch(() => undefined);
    if (answer?.ok) return { url, close };
    if (waited > 600) {
      await close();
      throw new Error(`verdaccio does not answer at ${url}`);
    }
    await setTimeout(100);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
