// Python programs that stay open and answer one line of JSON for each that they are sent.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './chains.js';

/** The Python of the judges: onnx, onnxruntime, numpy. */
export const judges = () => environment('python-env.sh');
/** The Python with PyTorch. */
export const torch = () => environment('torch-env.sh');

function environment(script) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  return execFileSync('bash', [join(root, 'scripts', script)], { encoding: 'utf8', stdio })
    .trim()
    .split('\n')
    .at(-1);
}

/** Start a program of this folder; `ask` sends one question and gives the answer. */
export function program(python, name, ...parameters) {
  const child = spawn(python, [join(root, 'scripts/bench', name), ...parameters], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended`);
      return JSON.parse(value);
    },
    close() {
      child.stdin.end();
    },
  };
}
