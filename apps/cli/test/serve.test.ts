/** The command as a person runs it: started, asked, told to reload and to stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const bin = fileURLToPath(new URL('../bin/deepfunctor.js', import.meta.url));
const CHAIN = 'binary -> add-one -> roman';
const body = { inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 4], data: [0, 1, 1, 0] }] };

/** The command, what it has said so far, and its exit code. */
function start(parameters: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [bin, 'serve', ...parameters], { env: { ...process.env, ...env } });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (piece) => {
    said.out += piece;
  });
  child.stderr.on('data', (piece) => {
    said.err += piece;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said, ended };
}

/** The first event of this name that the command tells with `--json`. */
async function event({ child, said, ended }: ReturnType<typeof start>, name: string) {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (;;) {
    const lines = said.out.split('\n').slice(0, -1);
    const found = lines.map((line) => JSON.parse(line)).find((each) => each.event === name);
    if (found !== undefined) return found;
    if (over) throw new Error(`it ended without “${name}”: ${said.out}${said.err}`);
    await Promise.race([once((child as ChildProcess).stdout!, 'data'), ended]);
  }
}

const infer = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v2/models/${encodeURIComponent(CHAIN)}/infer`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });

test('it serves, asks for its token, reloads, answers what is under way when it is stopped, and exits with 0', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-serve-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'serve.json');
  const write = (models: object[]) => writeFileSync(config, JSON.stringify({ models }));
  write([{ name: 'first', chain: CHAIN }]);
  const command = start(['--port', '0', '--json', '--config', config, '--max-delay', '1000'], {
    DEEPFUNCTOR_TOKEN: 'a-secret',
  });
  const { url, models } = await event(command, 'listening');
  expect(models).toEqual(['first']);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const token = { authorization: 'Bearer a-secret' };
  expect((await infer(url)).status).toBe(401);
  expect((await infer(url, token)).status).toBe(200);

  write([{ name: 'second', chain: CHAIN }]);
  command.child.kill('SIGHUP');
  await event(command, 'reloaded');
  expect((await fetch(`${url}/v2/models/second`, { headers: token })).status).toBe(200);
  expect((await fetch(`${url}/v2/models/first`, { headers: token })).status).toBe(404);
  writeFileSync(config, 'half a fi');
  command.child.kill('SIGHUP');
  expect(await event(command, 'reload-failed')).toMatchObject({
    error: { code: 'SERVE_CONFIG', where: config },
  });
  expect((await fetch(`${url}/v2/models/second`, { headers: token })).status).toBe(200);

  const last = infer(url, token);
  const metrics = async () => (await fetch(`${url}/metrics`, { headers: token })).text();
  while (!/^deepfunctor_queue_requests 2$/m.test(await metrics()));
  command.child.kill('SIGTERM');
  expect((await last).status).toBe(200);
  expect(await command.ended).toBe(0);
  expect(JSON.parse(command.said.out.trim().split('\n').at(-1)!)).toEqual({ event: 'stopped' });
}, 60_000);

test('an interrupt stops it too; a person is told where it is, and that an open address needs a token', async () => {
  const command = start(['--port', '0', '--host', '0.0.0.0']);
  while (!command.said.err.includes('set a token')) await once(command.child.stderr, 'data');
  expect(command.said.err).toMatch(/^http:\/\/\S+:\d+\/v2 serves any chain by its text\nAnybody who reaches/);
  command.child.kill('SIGINT');
  expect(await command.ended).toBe(0);
}, 60_000);

test('a call that cannot be is told with a code and the exit code of its kind', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => {
    taken.close();
  });
  const { port } = taken.address() as { port: number };
  const calls: [string[], number, RegExp][] = [
    [
      ['--port', String(port)],
      1,
      /EADDRINUSE.*\[SERVE_ADDRESS\]\n {2}where: 127\.0\.0\.1:\d+\n {2}do: Choose another --port/s,
    ],
    [['--config', 'nowhere.json'], 2, /ENOENT.*\[SERVE_CONFIG\]\n {2}where: nowhere\.json/s],
    [['--port', '70000'], 2, /port: Too big.*\[SERVE_CONFIG\]\n {2}where: the options of the server/s],
    [['--max-delay', 'soon'], 2, /limits\.maxDelay: .*\[SERVE_CONFIG\]/s],
    [['--max-batch', '0'], 2, /at least 1/],
  ];
  for (const [parameters, code, text] of calls) {
    const command = start(parameters);
    expect(await command.ended, parameters.join(' ')).toBe(code);
    expect(command.said.err).toMatch(text);
  }
}, 60_000);
