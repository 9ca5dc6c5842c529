/** How a category's morphisms wear with depth: right answers and fuzziness over the number of steps. */
import type { Category } from '@deepfunctor/core';
import { benchOf, chosen, endomorphisms } from './bench.js';
import type { Subject } from './law.js';
import { gather, likeliest, mean, variations } from './rows.js';
import { pushForward } from './tuples.js';

type Settings = Pick<Subject, 'host' | 'seed' | 'samples'>;

/** A figure after so many morphisms. */
export interface Point {
  steps: number;
  figure: number;
}

/** Share of clear reference latents whose label is right after random chains of so many morphisms of one object. */
export async function depthCurve(
  settings: Settings,
  category: Category,
  lengths = [1, 10, 100, 1000],
): Promise<Point[]> {
  const bench = benchOf(settings);
  const morphisms = await endomorphisms(bench, category);
  if (morphisms.length === 0) return [];
  const pick = bench.picker(`depth ${category.name}`);
  const sample = bench.sample(category);
  const rows = chosen(sample.clear, bench.samples, pick);
  let labels = rows.map((row) => sample.labels[row]!);
  let latents = gather(sample.latents, category.dimension, rows);
  const points: Point[] = [];
  for (let steps = 1; steps <= Math.max(...lengths); steps++) {
    const { name, manifest } = morphisms[pick(morphisms.length)]!;
    latents = await bench.host.apply(name, latents);
    labels = labels.map((label) => manifest.table[label]!);
    if (!lengths.includes(steps)) continue;
    const read = likeliest(await bench.host.probe(category, latents), category.labels.length);
    points.push({ steps, figure: mean(read.map((label, i) => Number(label === labels[i]))) });
  }
  return points;
}

/** Mean total variation of ambiguous reference latents from their push-forward, by morphism of one object. */
export async function fuzzinessCurves(
  settings: Settings,
  category: Category,
  lengths = [1, 10, 100],
): Promise<{ morphism: string; points: Point[] }[]> {
  const bench = benchOf(settings);
  const sample = bench.sample(category);
  const rows = chosen(sample.ambiguous, bench.samples, bench.picker(`fuzziness ${category.name}`));
  if (rows.length === 0) return [];
  const size = category.labels.length;
  const curves = [];
  for (const morphism of await endomorphisms(bench, category)) {
    let latents = gather(sample.latents, category.dimension, rows);
    let beliefs = gather(sample.beliefs, size, rows);
    const points: Point[] = [];
    for (let steps = 1; steps <= Math.max(...lengths); steps++) {
      latents = await bench.host.apply(morphism.name, latents);
      beliefs = pushForward(morphism, [beliefs]);
      if (!lengths.includes(steps)) continue;
      points.push({
        steps,
        figure: mean(variations(await bench.host.probe(category, latents), beliefs, size)),
      });
    }
    curves.push({ morphism: morphism.name, points });
  }
  return curves;
}
