import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeInput, openHost } from '@deepfunctor/host';
import { expect, test, vi } from 'vitest';
import { call, root } from './command.js';

vi.setConfig({ testTimeout: 120_000 });

/** `deepfunctor tensors` in a process of its own, given these lines; its answers. */
function tensors(chain: string, lines: readonly string[]) {
  const input = lines.map((line) => `${line}\n`).join('');
  const { status, stdout, stderr } = call(['tensors', chain], { input });
  const [ports, ...answers] = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { status, stderr, ports, answers };
}

const floats = (base64: string) => {
  const bytes = Buffer.from(base64, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
};

test('pictures and texts become the tensors that the host makes of them, in their order', async () => {
  const chain = '(digits, roman) -> add -> binary';
  const png = readFileSync(join(root, 'examples/digits/seven-1.png'));
  const row = { key: 'a', inputs: [{ png: png.toString('base64') }, 'III'] };
  const { status, ports, answers } = tensors(chain, [
    JSON.stringify(row),
    JSON.stringify({ ...row, key: 'b' }),
  ]);
  const host = await openHost({ cwd: root });
  const { inputs } = host.compose(chain);
  await host.close();
  const expected = [png, 'III'].map((form, i) => [
    ...encodeInput(inputs[i]!.codec, form, { functor: '', where: '' }),
  ]);
  expect([status, ports.chain, answers.map(({ key }) => key)]).toEqual([0, chain, ['a', 'b']]);
  for (const answer of answers) expect(answer.tensors.map(floats)).toEqual(expected);
  const sizes = ports.inputs.map(({ shape }: { shape: number[] }) => shape.reduce((a, b) => a * b, 1));
  expect(sizes).toEqual(expected.map(({ length }) => length));
  expect(ports.inputs[0]).toMatchObject({
    functor: 'digits',
    kind: 'image',
    encode: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('a row that cannot be read has its error, and the next its tensors', () => {
  const rows = [
    { key: 'no picture', inputs: [{ png: 'AAAA' }] },
    { key: 'too many', inputs: ['a', 'b'] },
    { key: 'a text', inputs: ['seven'] },
    { key: 'good', inputs: [{ png: readFileSync(join(root, 'examples/digits/one-1.png'), 'base64') }] },
  ];
  const { status, answers } = tensors(
    'digits -> binary',
    rows.map((row) => JSON.stringify(row)),
  );
  expect(status).toBe(0);
  expect(answers.map(({ error }) => error?.code)).toEqual([
    'IMAGE_UNREADABLE',
    'INPUT_COUNT',
    'INPUT_KIND',
    undefined,
  ]);
  expect(answers[0].error.where).toBe('no picture');
});

test.each([
  ['what is no JSON', '{"key"', 'JSON'],
  ['a row of another form', '{"key": 1, "inputs": []}', 'a row is {"key": text, "inputs":'],
])('stops at %s, and tells the line', (_, line, reason) => {
  const { status, stderr, answers } = tensors('binary -> binary', [
    '{"key": "a", "inputs": ["0110"]}',
    '',
    line,
  ]);
  expect(status).toBe(2);
  expect(stderr).toContain('[USAGE]\n  where: line 3 of the standard input');
  expect(stderr).toContain(reason);
  expect(answers).toHaveLength(1);
});
