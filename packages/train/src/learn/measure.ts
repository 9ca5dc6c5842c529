/** What a learned plugin is worth, by its files in the real runtime, on what it was not taught. */
import { pushForward } from '@deepfunctor/core';
import { decodeOutput, type Host, normals } from '@deepfunctor/host';
import { Random } from '../random.js';
import { type Contract, likeliest, noisedPool, type Pool } from './contract.js';
import { combinations } from './table.js';

/** Draws of each choice of inputs. */
const DRAWS = 20;
const POOL = 50;
const AMBIGUOUS = 500;
const DEPTH = 1000;

/** A morphism: its table on noised latents that were kept, the push-forward on ambiguous ones, a thousand steps. */
export async function measureMorphism(
  host: Host,
  name: string,
  inputs: readonly Contract[],
  output: Contract,
  table: readonly number[],
  seed: number,
): Promise<Record<string, number>> {
  const random = new Random(seed, 71);
  const K = output.category.labels.length;
  const [first] = inputs;
  const pools: Pool[] = [];
  for (const [i, contract] of inputs.entries())
    pools.push(await noisedPool(contract, 'kept', POOL, seed + 1000 + i));
  const tuples = combinations(inputs.map(({ category }) => category)).map((labels) =>
    labels.map((label, i) => inputs[i]!.category.labels.indexOf(label)),
  );
  const draws = tuples.length > 5000 ? 1 : DRAWS;
  let right = 0;
  let kept = 0;
  let total = 0;
  for (let at = 0; at < tuples.length; at += 500) {
    const rows = tuples
      .slice(at, at + 500)
      .flatMap((labels, i) => Array.from({ length: draws }, () => ({ labels, to: table[at + i]! })));
    const latents = inputs.map(({ category }, i) => {
      const D = category.dimension;
      const out = new Float32Array(rows.length * D);
      rows.forEach(({ labels }, row) => {
        const of = pools[i]!.byLabel[labels[i]!]!;
        const from = of[random.integer(of.length)]! * D;
        out.set(pools[i]!.latents.subarray(from, from + D), row * D);
      });
      return out;
    });
    const z = await host.apply(name, ...latents);
    const belief = await host.probe(output.category, z);
    rows.forEach(({ to }, row) => {
      if (likeliest(belief, row, K) === to) right++;
    });
    total += rows.length;
    const support = await host.support(output.category, z);
    kept += support.filter((distance) => distance <= output.category.support.threshold).length;
  }
  const measured: Record<string, number> = {
    'right on noised latents that were kept': right / total,
    'of them within the support': kept / total,
  };
  const ambiguous = inputs.map(({ reference, rows }) =>
    rows.kept.filter((row) => reference.clear[row] === 0),
  );
  if (ambiguous.every(({ length }) => length > 0))
    measured['total variation to the push-forward, ambiguous latents that were kept'] = await offPushForward(
      host,
      name,
      inputs,
      output,
      table,
      ambiguous,
      random,
    );
  if (inputs.length === 1 && first!.category.digest === output.category.digest) {
    let latent = pools[0]!.latents;
    const labels = pools[0]!.byLabel.flatMap((rows, label) => rows.map(() => label));
    for (let step = 0; step < DEPTH; step++) {
      latent = await host.apply(name, latent);
      labels.forEach((label, row) => {
        labels[row] = table[label]!;
      });
    }
    const belief = await host.probe(output.category, latent);
    measured['right after a thousand steps'] =
      labels.filter((label, row) => likeliest(belief, row, K) === label).length / labels.length;
  }
  return rounded(measured);
}

/** Total variation between what the morphism answers to ambiguous objects and the push-forward of their beliefs. */
async function offPushForward(
  host: Host,
  name: string,
  inputs: readonly Contract[],
  output: Contract,
  table: readonly number[],
  ambiguous: readonly number[][],
  random: Random,
): Promise<number> {
  const K = output.category.labels.length;
  const latents: Float32Array[] = [];
  const beliefs: Float32Array[] = [];
  for (const [i, { category, reference }] of inputs.entries()) {
    const D = category.dimension;
    const z = new Float32Array(AMBIGUOUS * D);
    for (let row = 0; row < AMBIGUOUS; row++) {
      const from = ambiguous[i]![random.integer(ambiguous[i]!.length)]! * D;
      z.set(reference.latents.subarray(from, from + D), row * D);
    }
    latents.push(z);
    beliefs.push(await host.probe(category, z));
  }
  const after = await host.probe(output.category, await host.apply(name, ...latents));
  const sizes = inputs.map(({ category }) => category.labels.length);
  const expected = pushForward(table, beliefs, sizes, K);
  return after.reduce((sum, p, i) => sum + Math.abs(p - expected[i]!), 0) / 2 / AMBIGUOUS;
}

/** A functor: what it shows of noised latents that were kept, read by its codec, or by itself where that is a picture. */
export async function measureFunctor(
  host: Host,
  name: string,
  contract: Contract,
  seed: number,
  examples?: { pixels: Float32Array; labels: readonly number[] },
): Promise<Record<string, number>> {
  const functor = host.plugins.find((each) => each.name === name);
  if (functor?.kind !== 'functor') throw new Error(`there is no functor “${name}”`);
  const { codec, style } = functor.manifest;
  const K = contract.category.labels.length;
  const pool = await noisedPool(contract, 'kept', POOL, seed + 1000);
  const D = contract.category.dimension;
  const rows = functor.domain.flatMap((label) => pool.byLabel[label]!.map((row) => ({ label, row })));
  const latents = new Float32Array(rows.length * D);
  rows.forEach(({ row }, i) => void latents.set(pool.latents.subarray(row * D, (row + 1) * D), i * D));
  const sampled = style === undefined ? undefined : normals(rows.length * style, seed);
  const output = await host.decode(name, latents, sampled);
  const size = output.length / rows.length;
  const measured: Record<string, number> = {};
  const readBack = async (x: Float32Array, labels: readonly number[]) => {
    const belief = await host.probe(contract.category, (await host.encode(name, x)).latent);
    return labels.filter((label, row) => likeliest(belief, row, K) === label).length / labels.length;
  };
  const labels = rows.map(({ label }) => label);
  if (codec.kind === 'image')
    measured['shown in sampled styles and read again, of kept latents'] = await readBack(output, labels);
  else
    measured['spelled right, of noised latents that were kept'] =
      labels.filter(
        (label, row) =>
          decodeOutput(codec, output.subarray(row * size, (row + 1) * size)).value ===
          codec.values[functor.domain.indexOf(label)],
      ).length / labels.length;
  if (codec.kind !== 'image') measured['read again what it shows'] = await readBack(output, labels);
  if (examples !== undefined && examples.labels.length > 0) {
    measured['examples kept to measure by'] = examples.labels.length;
    measured['of them read right'] = await readBack(examples.pixels, examples.labels);
  }
  return rounded(measured);
}

const rounded = (measured: Record<string, number>) =>
  Object.fromEntries(Object.entries(measured).map(([what, value]) => [what, Number(value.toPrecision(6))]));
