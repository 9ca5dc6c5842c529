import { fileURLToPath } from 'node:url';
import { readReference } from '@deepfunctor/core';
import { openHost } from '@deepfunctor/host';
import { afterAll, expect, test } from 'vitest';
import plugin from '../index.js';

const host = await openHost({ plugins: [fileURLToPath(new URL('..', import.meta.url))] });
afterAll(() => host.close());
const category = host.categories.find(({ name }) => name === plugin.output)!;
const { codes, clear, distributions, latents, count } = readReference(category);
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

test('it computes its table on every clear latent of the reference sample', async () => {
  const own = host.plugins[0]!;
  const { table } = own.kind === 'morphism' ? own.manifest : { table: [] };
  const after = await host.probe(category.name, await host.apply(plugin.name, latents));
  let seen = 0;
  for (let row = 0; row < count; row++) {
    if (!clear[row]) continue;
    seen++;
    expect(likeliest(after, row)).toBe(table[likeliest(distributions, row)]);
  }
  expect(seen).toBeGreaterThan(100);
  expect(codes).toHaveLength(K * category.dimension);
});
