/** The models of categories and plugins, opened as they are needed, as functions on float32 arrays. */
import type { Category } from '@deepfunctor/core';
import { type Model, writeModel } from '@deepfunctor/onnx';
import type { Plan } from './compose.js';
import type { Bridge, Functor, Morphism, Plugin } from './discover.js';
import { answering, type Fusion, fusedModel, fusedPorts, planKey } from './fused.js';
import {
  bridgeFile,
  decodeFile,
  encodeFile,
  formatPort,
  type ModelFile,
  morphismFile,
  probeFile,
  readModelFile,
  supportFile,
} from './model-files.js';
import { type Network, network, rowSize } from './network.js';
import type { Runtime } from './runtime.js';
import type { Way } from './spaces.js';

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
  /** Latents of the space at one end of a bridge → latents of that at the other. */
  cross(bridge: Bridge, way: Way, latent: Float32Array): Promise<Float32Array>;
  /** `[n, K]`, a probability over the labels. */
  probe(category: Category, latent: Float32Array): Promise<Float32Array>;
  /** `[n]`, distances; at most `category.support.threshold` belongs to the space. */
  support(category: Category, latent: Float32Array): Promise<Float32Array>;
  /** A chain as one network, called `text` in messages; `asker` is the input whose style is decoded with. */
  chain(plan: Plan, text: string, asker: number | undefined): Network;
  /** A chain as one model. Errors: those of its files, FUSION_OPSET. */
  fuse(plan: Plan, fusion: Fusion): Model;
  /** The networks of a plugin, bridge or category. */
  networksOf(owner: Plugin | Bridge | Category): Network[];
  close(): Promise<void>;
}

/** Chains of which a session is kept open; each holds the weights of all its plugins. */
const CHAINS_OPEN = 16;

export function models(runtime: () => Promise<Runtime>): Models {
  const networks = new Map<string, Network>();
  const read = new Map<string, Model>();
  const recent = new Set<Network>();
  const cached = (key: string, make: () => Network) => {
    const known = networks.get(key) ?? make();
    networks.set(key, known);
    return known;
  };
  const ofFile = (file: ModelFile) =>
    cached(file.where, () => network(runtime, file.where, file.ports, () => readModelFile(file).bytes));
  const modelOf = (file: ModelFile) => {
    const model = read.get(file.where) ?? readModelFile(file).model;
    read.set(file.where, model);
    return model;
  };
  const fused = (plan: Plan, fusion: Fusion) => fusedModel(plan, fusion, modelOf);

  // A chain that runs again is found by its plan; another plan of the same chain, by what the two have in common.
  const planned = new WeakMap<Plan, Map<number | undefined, Network>>();
  let latest: Network | undefined;
  let closing: Promise<unknown> = Promise.resolve();
  const networkOf = (plan: Plan, text: string, asker: number | undefined) => {
    const known = planned.get(plan) ?? new Map<number | undefined, Network>();
    planned.set(plan, known);
    let found = known.get(asker);
    if (found !== undefined) return found;
    found = cached(`${planKey(plan)} ${asker}`, () => {
      const fusion = answering(plan, asker);
      return network(runtime, text, fusedPorts(plan, fusion), () => writeModel(fused(plan, fusion)));
    });
    known.set(asker, found);
    return found;
  };

  return {
    async encode(functor, input) {
      const rows = rowsOf(input, rowSize(formatPort('input', functor.manifest.codec)));
      const { latent, style } = await ofFile(encodeFile(functor)).run({ input }, rows);
      return { latent: latent!, style };
    },
    async decode(functor, latent, style) {
      const rows = rowsOf(latent, functor.category.dimension);
      const wanted = functor.manifest.style;
      const feeds =
        wanted === undefined ? { latent } : { latent, style: style ?? new Float32Array(rows * wanted) };
      return (await ofFile(decodeFile(functor)).run(feeds, rows)).output!;
    },
    async apply(morphism, latents) {
      const rows = rowsOf(latents[0] ?? new Float32Array(0), morphism.inputs[0]!.dimension);
      const feeds = Object.fromEntries(latents.map((latent, index) => [`latent_${index}`, latent]));
      return (await ofFile(morphismFile(morphism)).run(feeds, rows)).latent!;
    },
    async cross(bridge, way, latent) {
      const rows = rowsOf(latent, (way === 'there' ? bridge.from : bridge.to).dimension);
      return (await ofFile(bridgeFile(bridge, way)).run({ latent_0: latent }, rows)).latent!;
    },
    async probe(category, latent) {
      const rows = rowsOf(latent, category.dimension);
      return (await ofFile(probeFile(category)).run({ latent }, rows)).distribution!;
    },
    async support(category, latent) {
      const rows = rowsOf(latent, category.dimension);
      return (await ofFile(supportFile(category)).run({ latent }, rows)).distance!;
    },
    chain(plan, text, asker) {
      const found = networkOf(plan, text, asker);
      if (found === latest) return found;
      latest = found;
      recent.delete(found);
      recent.add(found);
      const [oldest] = recent;
      if (recent.size > CHAINS_OPEN && oldest !== undefined) {
        recent.delete(oldest);
        closing = Promise.all([closing, oldest.close()]);
      }
      return found;
    },
    fuse: fused,
    networksOf(owner) {
      if (!('kind' in owner)) return [probeFile(owner), supportFile(owner)].map(ofFile);
      if (owner.kind === 'morphism') return [ofFile(morphismFile(owner))];
      return owner.kind === 'functor'
        ? [encodeFile(owner), decodeFile(owner)].map(ofFile)
        : [bridgeFile(owner, 'there'), bridgeFile(owner, 'back')].map(ofFile);
    },
    async close() {
      read.clear();
      recent.clear();
      latest = undefined;
      await Promise.all([closing, ...[...networks.values()].map((each) => each.close())]);
    },
  };
}

/** The number of whole rows; a rest is told by the network as a wrong number of values. */
function rowsOf(values: Float32Array, size: number): number {
  return Math.floor(values.length / size);
}
