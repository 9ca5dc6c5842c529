/** The model files of plugins and categories: the ports that each must have, and reading them with all checks. */
import { join } from 'node:path';
import { type Category, type FileRef, readChecked } from '@deepfunctor/core';
import { checkModel, type Model, type ModelPort, type ModelPorts, readModel } from '@deepfunctor/onnx';
import { rowShape } from './codecs/index.js';
import type { Bridge, Functor, Morphism } from './discover.js';
import type { Way } from './spaces.js';

/** A recorded model file, and what the contract says of its ports. */
export interface ModelFile {
  directory: string;
  file: FileRef;
  /** The whole path, for messages. */
  where: string;
  ports: ModelPorts;
}

/** `input` → `latent`, and `style` where the format has variety. */
export function encodeFile({ directory, manifest, category }: Functor): ModelFile {
  return modelFile(directory, manifest.files.encode, {
    inputs: [formatPort('input', manifest.codec)],
    outputs: [latentPort('latent', category), ...stylePorts(manifest.style)],
  });
}

/** `latent`, and `style` where the format has variety → `output`. */
export function decodeFile({ directory, manifest, category }: Functor): ModelFile {
  return modelFile(directory, manifest.files.decode, {
    inputs: [latentPort('latent', category), ...stylePorts(manifest.style)],
    outputs: [formatPort('output', manifest.codec)],
  });
}

/** `latent_0` … → `latent`. */
export function morphismFile({ directory, manifest, inputs, output }: Morphism): ModelFile {
  return modelFile(directory, manifest.files.morphism, {
    inputs: inputs.map((category, index) => latentPort(`latent_${index}`, category)),
    outputs: [latentPort('latent', output)],
  });
}

/** `latent_0` → `latent`, in the space of the other end. */
export function bridgeFile({ directory, manifest, from, to }: Bridge, way: Way): ModelFile {
  const [begin, end] = way === 'there' ? [from, to] : [to, from];
  return modelFile(directory, manifest.files[way], {
    inputs: [latentPort('latent_0', begin)],
    outputs: [latentPort('latent', end)],
  });
}

/** `latent` → `distribution`. */
export function probeFile(category: Category): ModelFile {
  return modelFile(category.directory, category.files.probe, {
    inputs: [latentPort('latent', category)],
    outputs: [beliefPort('distribution', category)],
  });
}

/** `latent` → `distance`. */
export function supportFile(category: Category): ModelFile {
  return modelFile(category.directory, category.files.support, {
    inputs: [latentPort('latent', category)],
    outputs: [{ name: 'distance', shape: [null] }],
  });
}

/** Read a file, check its digest, and whether the contract allows it. Errors: WEIGHTS_… (see docs/errors.md). */
export function readModelFile({ directory, file, where, ports }: ModelFile): {
  bytes: Uint8Array;
  model: Model;
} {
  const bytes = readChecked(directory, file);
  const model = readModel(bytes, where);
  const [problem] = checkModel(model, ports, where);
  if (problem !== undefined) throw problem;
  return { bytes, model };
}

/** The tensor of a codec. */
export function formatPort(name: string, codec: Functor['manifest']['codec']): ModelPort {
  return { name, shape: [null, ...rowShape(codec)] };
}

export function latentPort(name: string, { dimension }: Category): ModelPort {
  return { name, shape: [null, dimension] };
}

export function beliefPort(name: string, { labels }: Category): ModelPort {
  return { name, shape: [null, labels.length] };
}

/** None where the format has no variety. */
export function stylePorts(size: number | undefined, name = 'style'): ModelPort[] {
  return size === undefined ? [] : [{ name, shape: [null, size] }];
}

function modelFile(directory: string, file: FileRef, ports: ModelPorts): ModelFile {
  return { directory, file, where: join(directory, file.path), ports };
}
