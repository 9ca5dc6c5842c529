/** A planned chain as one model, made of the files of its plugins. */
import { type Category, canonicalJson } from '@deepfunctor/core';
import {
  type FuseSource,
  fuse,
  type Model,
  type ModelPort,
  type ModelPorts,
  type Part,
} from '@deepfunctor/onnx';
import type { Plan, Source } from './compose.js';
import type { Bridge, Plugin } from './discover.js';
import {
  beliefPort,
  bridgeFile,
  decodeFile,
  encodeFile,
  formatPort,
  latentPort,
  type ModelFile,
  morphismFile,
  probeFile,
  stylePorts,
} from './model-files.js';

/** What a fused chain gives beside `output`, and where its style comes from. */
export interface Fusion {
  /** Names of outputs, as `fuse` has them. */
  outputs: readonly string[];
  /** The input whose style is decoded with; left out, a format with variety makes an input `style`. */
  asker?: number | undefined;
}

/** What the metadata call the releases of the categories, as canonical JSON. */
const SPACES_KEY = 'deepfunctor.spaces';

/** Fuse a chain. `read` gives the model of a file. Errors: those of `read`, FUSION_OPSET, WEIGHTS_BROKEN. */
export function fusedModel(plan: Plan, { outputs, asker }: Fusion, read: (file: ModelFile) => Model): Model {
  const partOf = ({ name, package: from, version }: Plugin | Bridge, file: ModelFile): Part => ({
    ...recorded(file, { package: from, ...(version === undefined ? {} : { version }) }),
    name,
  });
  const recorded = (file: ModelFile, about: Record<string, string>) => ({
    model: read(file),
    where: file.where,
    about: { ...about, file: file.file.path, sha256: file.file.sha256 },
  });
  const probeOf = (category: Category): Part => ({
    ...recorded(probeFile(category), { category: category.name, version: category.version }),
    name: 'probe',
  });
  const sourceOf = (source: Source): FuseSource => {
    if (source.kind === 'input') return { kind: 'input', index: source.index };
    if (source.kind === 'cross') {
      const { bridge, way } = source.crossing;
      return {
        kind: 'apply',
        morphism: partOf(bridge, bridgeFile(bridge, way)),
        sources: [sourceOf(source.source)],
      };
    }
    return {
      kind: 'apply',
      morphism: partOf(source.morphism, morphismFile(source.morphism)),
      sources: source.sources.map(sourceOf),
    };
  };
  const chain = {
    inputs: plan.inputs.map((functor) => ({
      encode: partOf(functor, encodeFile(functor)),
      probe: probeOf(functor.category),
    })),
    result: sourceOf(plan.result),
    output: {
      decode: partOf(plan.output, decodeFile(plan.output)),
      probe: probeOf(plan.output.category),
    },
  };
  const metadata = { [SPACES_KEY]: spacesOf(plan) };
  return fuse(chain, { outputs, metadata, ...(asker === undefined ? {} : { asker }) });
}

/** The fusion that answers all that a chain is asked for in one run. */
export function answering({ inputs }: Plan, asker: number | undefined): Fusion {
  const told = inputs.flatMap((_, index) => [`latent_${index}`, `before_${index}`]);
  const style = asker === undefined ? [] : [`style_${asker}`];
  return { outputs: ['output', 'distribution', 'latent', ...told, ...style], asker };
}

/** What the input `index` of a fused chain is called. */
export function inputName({ inputs }: Plan, index: number): string {
  return inputs.length === 1 ? 'input' : `input_${index}`;
}

/** The ports of a fusion. */
export function fusedPorts(plan: Plan, { outputs, asker }: Fusion): ModelPorts {
  const { inputs, output } = plan;
  const offered: ModelPort[] = [
    formatPort('output', output.manifest.codec),
    beliefPort('distribution', output.category),
    latentPort('latent', output.category),
    ...inputs.flatMap(({ category, manifest }, index) => [
      latentPort(`latent_${index}`, category),
      beliefPort(`before_${index}`, category),
      ...stylePorts(manifest.style, `style_${index}`),
    ]),
  ];
  return {
    inputs: [
      ...inputs.map(({ manifest }, index) => formatPort(inputName(plan, index), manifest.codec)),
      ...(asker === undefined ? stylePorts(output.manifest.style) : []),
    ],
    outputs: outputs.map((name) => offered.find((port) => port.name === name)!),
  };
}

/** A text that two plans share only if they are the same chain of the same plugins. */
export function planKey({ inputs, result, output }: Plan): string {
  const keyOf = (source: Source): string => {
    if (source.kind === 'input') return String(source.index);
    if (source.kind === 'apply')
      return `${JSON.stringify(source.morphism.directory)}(${source.sources.map(keyOf)})`;
    const { bridge, way } = source.crossing;
    return `${JSON.stringify(bridge.directory)} ${way}(${keyOf(source.source)})`;
  };
  return `${JSON.stringify(inputs.map(({ directory }) => directory))} ${keyOf(result)} ${output.directory}`;
}

/** Category, version and space digest of every category that a chain goes through, sorted. */
function spacesOf({ inputs, result }: Plan): string {
  const through = (source: Source): Category[] => {
    if (source.kind === 'input') return [];
    const sources = source.kind === 'cross' ? [source.source] : source.sources;
    return [source.category, ...sources.flatMap(through)];
  };
  const all = [...inputs.map(({ category }) => category), ...through(result)];
  const texts = all.map(({ name, version, digest }) => canonicalJson({ category: name, version, digest }));
  return `[${[...new Set(texts)].sort()}]`;
}
