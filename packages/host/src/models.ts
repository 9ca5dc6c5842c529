/** The models of categories and plugins, opened as they are needed, as functions on float32 arrays. */
import type { Category } from '@deepfunctor/core';
import type { ModelPort } from '@deepfunctor/onnx';
import { rowShape } from './codecs/index.js';
import type { Functor, Morphism, Plugin } from './discover.js';
import { type Network, network, rowSize } from './network.js';
import type { Runtime } from './runtime.js';

/** Latents `[n, D]`, and `[n, S]` what the format has besides meaning, where it has variety. */
export interface Encoded {
  latent: Float32Array;
  style: Float32Array | undefined;
}

/** What can be computed. Rows are `n` everywhere; all arrays are row-major. Errors: INPUT_TENSOR, WEIGHTS_…. */
export interface Models {
  encode(functor: Functor, input: Float32Array): Promise<Encoded>;
  /** `style` `[n, S]` may be left out: 0, the canonical one. */
  decode(functor: Functor, latent: Float32Array, style?: Float32Array): Promise<Float32Array>;
  apply(morphism: Morphism, latents: readonly Float32Array[]): Promise<Float32Array>;
  /** `[n, K]`, a probability over the labels. */
  probe(category: Category, latent: Float32Array): Promise<Float32Array>;
  /** `[n]`, distances; at most `category.support.threshold` belongs to the space. */
  support(category: Category, latent: Float32Array): Promise<Float32Array>;
  /** The networks of a plugin or category. */
  networksOf(owner: Plugin | Category): Network[];
  close(): Promise<void>;
}

export function models(runtime: () => Promise<Runtime>): Models {
  const networks = new Map<string, Network>();
  const cached = (make: () => Network, ...key: string[]) => {
    const id = key.join('\n');
    if (!networks.has(id)) networks.set(id, make());
    return networks.get(id)!;
  };

  const encoder = ({ directory, manifest, category }: Functor) =>
    cached(
      () =>
        network(runtime, directory, manifest.files.encode, {
          inputs: [format('input', manifest.codec)],
          outputs: [latentPort('latent', category), ...stylePort(manifest.style)],
        }),
      directory,
      'encode',
    );
  const decoder = ({ directory, manifest, category }: Functor) =>
    cached(
      () =>
        network(runtime, directory, manifest.files.decode, {
          inputs: [latentPort('latent', category), ...stylePort(manifest.style)],
          outputs: [format('output', manifest.codec)],
        }),
      directory,
      'decode',
    );
  const mapper = ({ directory, manifest, inputs, output }: Morphism) =>
    cached(
      () =>
        network(runtime, directory, manifest.files.morphism, {
          inputs: inputs.map((category, index) => latentPort(`latent_${index}`, category)),
          outputs: [latentPort('latent', output)],
        }),
      directory,
      'morphism',
    );
  const reader = (category: Category, model: 'probe' | 'support') =>
    cached(
      () =>
        network(runtime, category.directory, category.files[model], {
          inputs: [latentPort('latent', category)],
          outputs: [
            model === 'probe'
              ? { name: 'distribution', shape: [null, category.labels.length] }
              : { name: 'distance', shape: [null] },
          ],
        }),
      category.directory,
      model,
    );

  return {
    async encode(functor, input) {
      const rows = rowsOf(input, rowSize(format('input', functor.manifest.codec)));
      const { latent, style } = await encoder(functor).run({ input }, rows);
      return { latent: latent!, style };
    },
    async decode(functor, latent, style) {
      const rows = rowsOf(latent, functor.category.dimension);
      const wanted = functor.manifest.style;
      const feeds =
        wanted === undefined ? { latent } : { latent, style: style ?? new Float32Array(rows * wanted) };
      return (await decoder(functor).run(feeds, rows)).output!;
    },
    async apply(morphism, latents) {
      const rows = rowsOf(latents[0] ?? new Float32Array(0), morphism.inputs[0]!.dimension);
      const feeds = Object.fromEntries(latents.map((latent, index) => [`latent_${index}`, latent]));
      return (await mapper(morphism).run(feeds, rows)).latent!;
    },
    async probe(category, latent) {
      const rows = rowsOf(latent, category.dimension);
      return (await reader(category, 'probe').run({ latent }, rows)).distribution!;
    },
    async support(category, latent) {
      const rows = rowsOf(latent, category.dimension);
      return (await reader(category, 'support').run({ latent }, rows)).distance!;
    },
    networksOf(owner) {
      if (!('kind' in owner)) return [reader(owner, 'probe'), reader(owner, 'support')];
      return owner.kind === 'functor' ? [encoder(owner), decoder(owner)] : [mapper(owner)];
    },
    async close() {
      await Promise.all([...networks.values()].map((each) => each.close()));
    },
  };
}

/** The number of whole rows; a rest is told by the network as a wrong number of values. */
function rowsOf(values: Float32Array, size: number): number {
  return Math.floor(values.length / size);
}

function format(name: string, codec: Functor['manifest']['codec']): ModelPort {
  return { name, shape: [null, ...rowShape(codec)] };
}

function latentPort(name: string, { dimension }: Category): ModelPort {
  return { name, shape: [null, dimension] };
}

function stylePort(size: number | undefined): ModelPort[] {
  return size === undefined ? [] : [{ name: 'style', shape: [null, size] }];
}
