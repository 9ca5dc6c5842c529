/** The host's functions on any number of rows, in batches. */
import type { Functor, Host, Morphism } from '@deepfunctor/host';
import { rowShape } from '@deepfunctor/host';
import { concat } from '../../rows.js';

const BATCH = 500;

export interface Encodings {
  latent: Float32Array;
  style: Float32Array | undefined;
}

export interface Measures {
  host: Host;
  /** `[n, …]` → `[n, D]`, and `[n, S]` where the format has variety. */
  encode(functor: string, x: Float32Array): Promise<Encodings>;
  decode(functor: string, z: Float32Array, style?: Float32Array): Promise<Float32Array>;
  apply(morphism: string, ...z: Float32Array[]): Promise<Float32Array>;
  probe(z: Float32Array): Promise<Float32Array>;
  support(z: Float32Array): Promise<Float32Array>;
  functors: Functor[];
  morphisms: Morphism[];
}

/** What can be measured of the plugins of a category. */
export function measures(host: Host, category: string): Measures {
  const D = host.categories.find(({ name }) => name === category)?.dimension ?? 1;
  const functors = host.plugins.filter(
    (plugin): plugin is Functor => plugin.kind === 'functor' && plugin.category.name === category,
  );
  const morphisms = host.plugins.filter(
    (plugin): plugin is Morphism =>
      plugin.kind === 'morphism' && [...plugin.inputs, plugin.output].every(({ name }) => name === category),
  );
  const sized = (name: string) => {
    const functor = functors.find((each) => each.name === name);
    return functor === undefined ? 1 : rowShape(functor.manifest.codec).reduce((a, b) => a * b, 1);
  };
  const styled = (name: string) => functors.find((each) => each.name === name)?.manifest.style ?? 0;
  const latents = (z: Float32Array, work: (from: number, to: number) => Promise<Float32Array>) =>
    batched(z.length / D, work);
  const part = (z: Float32Array, width: number, from: number, to: number) =>
    z.slice(from * width, to * width);
  return {
    host,
    functors,
    morphisms,
    async encode(name, x) {
      const styles: Float32Array[] = [];
      const width = sized(name);
      const latent = await batched(x.length / width, async (from, to) => {
        const answer = await host.encode(name, part(x, width, from, to));
        if (answer.style) styles.push(answer.style);
        return answer.latent;
      });
      return { latent, style: styles.length > 0 ? concat(styles) : undefined };
    },
    decode: (name, z, style) =>
      latents(z, (from, to) =>
        host.decode(name, part(z, D, from, to), style && part(style, styled(name), from, to)),
      ),
    apply: (name, ...z) =>
      latents(z[0]!, (from, to) => host.apply(name, ...z.map((each) => part(each, D, from, to)))),
    probe: (z) => latents(z, (from, to) => host.probe(category, part(z, D, from, to))),
    support: (z) => latents(z, (from, to) => host.support(category, part(z, D, from, to))),
  };
}

async function batched(
  rows: number,
  work: (from: number, to: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let from = 0; from < rows; from += BATCH) parts.push(await work(from, Math.min(rows, from + BATCH)));
  return concat(parts);
}
