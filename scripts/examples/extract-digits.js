// Write examples/digits: the first four of each label in MNIST's test set, as PNG files of their own pixels.
//   node scripts/examples/extract-digits.js DIR     DIR holds the four IDX files
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { writeWhole } from '../../packages/core/dist/index.js';
import { readMnist } from '../../packages/train/dist/data/idx.js';
import { NAMES } from './names.js';

const PER_LABEL = 4;
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('name the folder of the IDX files');

const { pixels, labels, width, height } = readMnist(directory, 't10k');
for (const [label, name] of NAMES.entries()) {
  const indices = [...labels.keys()].filter((index) => labels[index] === label).slice(0, PER_LABEL);
  for (const [position, index] of indices.entries()) {
    const data = Buffer.from(pixels.subarray(index * width * height, (index + 1) * width * height));
    const png = PNG.sync.write(Object.assign(new PNG({ width, height }), { data }), {
      colorType: 0,
      inputColorType: 0,
    });
    writeWhole(
      fileURLToPath(new URL(`../../examples/digits/${name}-${position + 1}.png`, import.meta.url)),
      png,
    );
  }
  console.log(`${name}: test images ${indices.join(', ')}`);
}
