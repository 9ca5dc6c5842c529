import { readMnist } from '../../../packages/train/dist/data/idx.js';

/** MNIST, or for a smoke run without it a few pictures of noise. */
export function pictures(data, smoke, split) {
  if (data !== undefined) return readMnist(data, split);
  if (!smoke) throw new Error('MNIST is needed: --data DIR');
  const count = 400;
  const pixels = Uint8Array.from({ length: count * 784 }, (_, i) => (i * 2654435761) >>> 24);
  return {
    count,
    height: 28,
    width: 28,
    pixels,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
  };
}
