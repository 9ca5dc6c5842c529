// What anybody would write: read a picture of 28 × 28, open the runtime, run the file.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../packages/host/package.json', import.meta.url));
const { PNG } = require('pngjs');
const { InferenceSession, Tensor } = require('onnxruntime-node');

const [file, picture] = process.argv.slice(2);
const { data, width, height } = PNG.sync.read(readFileSync(picture));
const input = new Float32Array(784);
for (let i = 0; i < 784; i++) {
  const [x, y] = [Math.floor(((i % 28) * width) / 28), Math.floor((Math.floor(i / 28) * height) / 28)];
  input[i] = data[4 * (y * width + x)] / 255;
}
const session = await InferenceSession.create(file, { intraOpNumThreads: 1, logSeverityLevel: 3 });
const { output } = await session.run({ input: new Tensor('float32', input, [1, 1, 28, 28]) });
console.log([...output.data].map((p) => p.toFixed(1)).join(' '));
