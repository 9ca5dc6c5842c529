/** What several tests need: catching coded errors, temporary folders, and a tiny category that is not a digit. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type CategoryRelease,
  DeepFunctorError,
  type FileRef,
  fileRef,
  type Reference,
  spaceDigest,
  writeReference,
} from '../src/index.js';

/** The coded error that an action throws; anything else that it throws fails the test. */
export function codedErrorOf(action: () => unknown): DeepFunctorError {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof DeepFunctorError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'deepfunctor-core-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A sample of a space with 3 labels, 2 dimensions and norm 5. */
export function tinyReference(): Omit<Reference, 'count'> {
  return {
    latents: new Float32Array([7, 1, 1, 7, 5, -5, 5, 5]),
    distributions: new Float32Array([1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0.5, 0]),
    clear: new Uint8Array([1, 1, 1, 0]),
    source: new Int32Array([0, 0, 1, 1]),
    sources: ['piano', 'transpose'],
    codes: new Float32Array([1, 0, 0, 1, 0.5, -0.5]),
  };
}

/** Write a category of tones: release file, sample and stand-ins for its models. Changes are sealed in. */
export function writeTones(
  folder: string,
  changes: Partial<CategoryRelease> = {},
  reference = tinyReference(),
): CategoryRelease {
  const file = (path: string, content: Uint8Array | string): FileRef => {
    writeFileSync(join(folder, path), content);
    return fileRef(folder, path);
  };
  const release: CategoryRelease = {
    release: 1,
    name: 'tones',
    title: 'Tones',
    version: '1.2.0',
    labels: ['c', 'e', 'g'].map((name, index) => ({ name, factors: { pitch: index * 4, spelling: name } })),
    dimension: 2,
    norm: { kind: 'rms', value: 5, tolerance: 0.01 },
    support: { threshold: 2.5 },
    files: {
      probe: file('probe.onnx', 'probe'),
      support: file('support.onnx', 'support'),
      reference: file('reference.safetensors', writeReference(reference)),
    },
    card: { founded: 'by hand' },
    digest: '',
    ...changes,
  };
  const sealed = { ...release, digest: spaceDigest(release) };
  writeFileSync(join(folder, 'category.json'), JSON.stringify(sealed));
  return sealed;
}

/** Any SHA-256, for manifests whose files are not looked at. */
export const DIGEST = 'ab'.repeat(32);

/** The package.json of a functor of the tones. */
export function functorPackage(changes: Record<string, unknown> = {}) {
  return {
    name: 'functor-words',
    version: '1.0.0',
    keywords: ['deepfunctor-plugin'],
    exports: { '.': './index.js', './package.json': './package.json' },
    peerDependencies: { '@deepfunctor/core': '>=0.1.0' },
    deepfunctor: {
      manifest: 1,
      kind: 'functor',
      name: 'words',
      port: { category: 'tones', contract: '^1.0.0', space: `sha256-${DIGEST}` },
      domain: ['c', 'e', 'g'],
      codec: {
        kind: 'symbols',
        version: 1,
        length: 3,
        alphabet: ['', 'd', 'o', 'm', 'i', 's', 'l'],
        values: ['do', 'mi', 'sol'],
      },
      files: {
        encode: { path: 'encode.onnx', sha256: DIGEST, bytes: 10 },
        decode: { path: 'decode.onnx', sha256: DIGEST, bytes: 10 },
      },
      card: {
        mode: 'founding',
        seed: 1,
        steps: 10,
        data: 'none',
        recipe: 'by hand',
        measured: { accuracy: 1 },
      },
      ...changes,
    },
  };
}

/** The package.json of a morphism of two tones. */
export function morphismPackage(changes: Record<string, unknown> = {}) {
  const { deepfunctor, ...rest } = functorPackage();
  const { port, card } = deepfunctor;
  const files = { morphism: { path: 'morphism.onnx', sha256: DIGEST, bytes: 10 } };
  const table = [0, 1, 2, 1, 2, 0, 2, 0, 1];
  const manifest = {
    manifest: 1,
    kind: 'morphism',
    name: 'add',
    inputs: [port, port],
    output: port,
    table,
    files,
    card,
  };
  return { ...rest, deepfunctor: { ...manifest, ...changes } };
}

/** The package.json of a bridge between two releases of the tones. */
export function bridgePackage(changes: Record<string, unknown> = {}) {
  const { deepfunctor, ...rest } = functorPackage();
  const { port, card } = deepfunctor;
  const file = (path: string) => ({ path, sha256: DIGEST, bytes: 10 });
  const files = { there: file('there.onnx'), back: file('back.onnx') };
  const to = { ...port, contract: '^2.0.0', space: `sha256-${'cd'.repeat(32)}` };
  const manifest = { manifest: 1, kind: 'bridge', name: 'tones-1-to-2', from: port, to, files, card };
  return { ...rest, deepfunctor: { ...manifest, ...changes } };
}
