/** What a fusion is made of: models with the names of their plugins, and how objects flow through them. */
import type { Model } from './model.js';
import { declaredPort, type ModelPort } from './shape.js';
import type { Copy, Owner } from './values.js';

/** A model of a plugin or category. */
export interface Part {
  /** The plugin's name, without dots and slashes. The values of its second use in a model are called `name.2/…`. */
  name: string;
  model: Model;
  /** What the metadata say of it beside its name: package, version, file, digest. */
  about?: Readonly<Record<string, string>>;
  /** The file, for messages. */
  where?: string;
}

/** What `fuseMorphism` made. It is taken apart into its own parts again. */
export interface FusedPart {
  fused: Model;
}

/** Where an object comes from: input `index` of the composition, or a morphism of objects. */
export type FuseSource = { kind: 'input'; index: number } | Applied;

export interface Applied {
  kind: 'apply';
  morphism: Part | FusedPart;
  sources: readonly FuseSource[];
}

/** The metadata of every fusion: the composition as a text, and its parts as canonical JSON. */
export const CHAIN_KEY = 'deepfunctor.chain';
export const PARTS_KEY = 'deepfunctor.parts';

export function modelIn(part: Part | FusedPart): Model {
  return 'fused' in part ? part.fused : part.model;
}

/** Every application inside a source, once. */
function applications(source: FuseSource, found = new Set<Applied>()): Set<Applied> {
  if (source.kind === 'input' || found.has(source)) return found;
  found.add(source);
  for (const each of source.sources) applications(each, found);
  return found;
}

/** The morphisms of a source. */
export function partsOf(source: FuseSource): (Part | FusedPart)[] {
  return [...applications(source)].map(({ morphism }) => morphism);
}

/** The ports of the objects that a source takes, by index. */
export function takenBy(source: FuseSource): ModelPort[] {
  const ports: ModelPort[] = [];
  for (const { morphism, sources } of applications(source))
    for (const [index, from] of sources.entries())
      if (from.kind === 'input') ports[from.index] = portOf(morphism, `latent_${index}`);
  if (ports.length === 0 || ports.includes(undefined as never))
    throw new Error('a fused morphism applies at least one, and takes the inputs 0 to k - 1');
  return ports;
}

/** A morphism of objects, as a text; that of a fusion is written with theirs. */
export function textOf(morphism: Part | FusedPart, texts: readonly string[]): string {
  if ('fused' in morphism)
    return metadataOf(morphism.fused, CHAIN_KEY).replace(
      /latent_(\d+)/g,
      (_, index) => texts[Number(index)]!,
    );
  return `${texts.length === 1 ? texts[0] : `(${texts.join(', ')})`} -> ${morphism.name}`;
}

/** What the metadata say of a part. */
export function aboutOf(part: Part | FusedPart): Record<string, string>[] {
  return 'fused' in part
    ? JSON.parse(metadataOf(part.fused, PARTS_KEY))
    : [{ ...part.about, name: part.name }];
}

function metadataOf({ metadataProps }: Model, key: string): string {
  const found = metadataProps.find((each) => each.key === key);
  if (found === undefined) throw new Error('this model was not made by fuseMorphism');
  return found.value;
}

/** Whose a name is: the part's, or in a fusion that of the copy it begins with. */
export function ownerOf(part: Part | FusedPart): Owner {
  if (!('fused' in part)) {
    const copy: Copy = { plugin: part.name };
    return (name) => ({ copy, name });
  }
  const copies = new Map<string, Copy>();
  return (full) => {
    const [, plugin = full, number = '', name = full] = /^([^./]+)\.(\d+)\/(.*)$/s.exec(full) ?? [];
    const copy = copies.get(`${plugin}.${number}`) ?? { plugin };
    copies.set(`${plugin}.${number}`, copy);
    return { copy, name };
  };
}

/** A port of a part; it has one of each name. */
export function portOf(part: Part | FusedPart, name: string): ModelPort {
  const { input, output } = modelIn(part).graph!;
  const { shape } = declaredPort([...input, ...output].find((port) => port.name === name)!);
  return { name, shape: shape! };
}

export function hasInput(part: Part, name: string): boolean {
  return part.model.graph!.input.some((port) => port.name === name);
}
