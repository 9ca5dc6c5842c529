/** Another founding of a category, as far as its contract goes: the same space in a frame that was turned at random. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Category,
  type CategoryRelease,
  fileRef,
  type Reference,
  readCategory,
  readChecked,
  readReference,
  spaceDigest,
  writeReference,
} from '@deepfunctor/core';
import { type GraphBuilder, graph, readModel, writeModel } from '@deepfunctor/onnx';
import { Matrix, QrDecomposition } from 'ml-matrix';
import { Random } from '../src/random.js';

/** A random orthogonal matrix. */
export function drawnRotation(size: number, seed: number): Matrix {
  return new QrDecomposition(Matrix.from1DArray(size, size, [...new Random(seed, 78).normals(size * size)]))
    .orthogonalMatrix;
}

/** Write a release whose latents are those of `category` times a rotation; `change` may spoil its reference sample. */
export function writeTurned(
  folder: string,
  category: Category,
  { version = '2.0.0', seed = 1, change = (r: Omit<Reference, 'count'>) => r } = {},
): Category {
  const { directory, digest: _, ...rest } = category;
  const D = category.dimension;
  const rotation = drawnRotation(D, seed);
  const turn = (values: Float32Array) =>
    Float32Array.from(
      Matrix.from1DArray(values.length / D, D, [...values])
        .mmul(rotation)
        .to1DArray(),
    );
  const { count: __, ...reference } = readReference(category);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'reference.safetensors'),
    writeReference(change({ ...reference, latents: turn(reference.latents), codes: turn(reference.codes) })),
  );
  const back = Float32Array.from(rotation.transpose().to1DArray());
  const unturned = (g: GraphBuilder) =>
    g.node('MatMul', [g.input('latent', [null, D]), g.weight('turn', back, [D, D])]);
  for (const [key, output, shape] of [
    ['probe', 'distribution', [null, category.labels.length]],
    ['support', 'distance', [null]],
  ] as const) {
    const g = graph(key);
    const model = readModel(readChecked(directory, category.files[key]), key);
    g.output(output, g.include(key, model, { latent: unturned(g) })[output]!, [...shape]);
    writeFileSync(join(folder, `${key}.onnx`), writeModel(g.build({ producer: 'test' })));
  }
  const files = {
    probe: fileRef(folder, 'probe.onnx'),
    support: fileRef(folder, 'support.onnx'),
    reference: fileRef(folder, 'reference.safetensors'),
  };
  const release: Omit<CategoryRelease, 'digest'> = { ...rest, version, files };
  writeFileSync(
    join(folder, 'category.json'),
    JSON.stringify({ ...release, digest: spaceDigest(release) }, null, 2),
  );
  return readCategory(folder);
}
