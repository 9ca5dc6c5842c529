import { fileURLToPath } from 'node:url';
import { readReference } from '@deepfunctor/core';
import { openHost } from '@deepfunctor/host';
import { afterAll, expect, test } from 'vitest';
import plugin from '../index.js';

const host = await openHost({ plugins: [fileURLToPath(new URL('..', import.meta.url))] });
afterAll(() => host.close());
const category = host.categories.find(({ name }) => name === plugin.category)!;
const { codes } = readReference(category);
const K = category.labels.length;
const likeliest = (belief: Float32Array, row: number) => {
  const part = belief.slice(row * K, (row + 1) * K);
  return part.indexOf(Math.max(...part));
};

test('its files are whole, of the contract, and taken by the engine', async () => {
  expect(host.setAside).toEqual([]);
  expect(host.plugins.map(({ name }) => name)).toEqual([plugin.name]);
  expect((await host.verify()).filter(({ error }) => error)).toEqual([]);
});

test('what it shows of a label lands in the space when it is read again, and keeps the label', async () => {
  const latents = codes.map((v) => v * category.norm.value * Math.sqrt(category.dimension));
  const { latent } = await host.encode(plugin.name, await host.decode(plugin.name, latents));
  const distances = await host.support(category.name, latent);
  for (let row = 0; row < K; row++) {
    const z = latent.slice(row * category.dimension, (row + 1) * category.dimension);
    const rms = Math.sqrt(z.reduce((sum, v) => sum + v * v, 0) / category.dimension);
    expect(Math.abs(rms - category.norm.value)).toBeLessThanOrEqual(category.norm.tolerance);
    expect(distances[row]).toBeLessThanOrEqual(category.support.threshold);
  }
  const belief = await host.probe(category.name, latent);
  expect(Array.from({ length: K }, (_, row) => likeliest(belief, row))).toEqual([...Array(K).keys()]);
});
