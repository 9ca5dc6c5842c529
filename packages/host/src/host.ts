/** The host: what is installed, and chains of it. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Category,
  type Composition,
  coded,
  DeepFunctorError,
  fail,
  findCategory,
  type Part,
  readReference,
} from '@deepfunctor/core';
import { type Chain, chainOf } from './chain.js';
import { plan, unknownName } from './compose.js';
import {
  type Bridge,
  discover,
  type Functor,
  installFolder,
  type Morphism,
  type Plugin,
  type SetAside,
} from './discover.js';
import { type ChainTerm, chainText, type NameTerm, parseChain } from './expression.js';
import { type Encoded, models } from './models.js';
import { type Engine, openRuntime } from './runtime.js';
import type { Way } from './spaces.js';

export interface HostOptions {
  /** Where the user's project is: the nearest folder with a package.json, upwards. Default: the working directory. */
  cwd?: string;
  /** Names of packages or folders, instead of the dependencies of the project. */
  plugins?: readonly string[];
  /** Folders of category releases, besides the built-in ones and those of packages. */
  categories?: readonly string[];
  /** Default: `node` where it is installed, else `web`. */
  engine?: Engine;
  /** Whether a chain runs as one graph (the default) or model by model, for comparison: the answers are the same. */
  fuse?: boolean;
}

/** The result of looking at one file of a plugin or category. */
export interface Verification {
  /** The plugin or category. */
  name: string;
  /** The file. */
  where: string;
  /** Undefined if all is well. */
  error: DeepFunctorError | undefined;
}

/**
 * What is installed, ready to be composed. Names in its methods are names of plugins and categories; a category that has
 * several releases is meant by name and version, `tones@1.4.0`, or by the release itself.
 */
export interface Host {
  readonly plugins: readonly Plugin[];
  /** Put in by `compose` where a chain goes from one space into another. */
  readonly bridges: readonly Bridge[];
  readonly setAside: readonly SetAside[];
  readonly categories: readonly Category[];
  /**
   * Compose a chain: an expression (`'a -> f -> b'`), parts of one, or the plugins' typed references. Reads no weights.
   * Errors: CHAIN_SYNTAX, CHAIN_UNKNOWN_NAME, CHAIN_ENDS, CHAIN_ARITY, CHAIN_CATEGORY, CHAIN_SPACES; for a reference, those
   * of its package.
   */
  compose<const P extends readonly Part[]>(...parts: Composition<P>): Chain;
  /** Read every file, check its digest, whether the contract allows it, and whether the engine takes it. */
  verify(): Promise<Verification[]>;
  /** The engine in use; loads it. Errors: ENGINE_MISSING. */
  engine(): Promise<Engine>;
  /** `[n, …]` of the functor's codec → latents `[n, D]`, and styles `[n, S]` where the format has variety. */
  encode(functor: string, input: Float32Array): Promise<Encoded>;
  /** Latents `[n, D]`, and styles `[n, S]` (left out: canonical) → `[n, …]` of the functor's codec. */
  decode(functor: string, latents: Float32Array, style?: Float32Array): Promise<Float32Array>;
  /** Latents `[n, D]`, one array for each object that the morphism takes → latents `[n, D]`. */
  apply(morphism: string, ...latents: Float32Array[]): Promise<Float32Array>;
  /** Latents `[n, D]` of the space at one end of a bridge → latents of that at the other. */
  cross(bridge: string, way: Way, latents: Float32Array): Promise<Float32Array>;
  /** Latents `[n, D]` → `[n, K]`, a probability over the labels. */
  probe(category: string | Category, latents: Float32Array): Promise<Float32Array>;
  /** Latents `[n, D]` → `[n]`, distances; at most the category's threshold belongs to the space. */
  support(category: string | Category, latents: Float32Array): Promise<Float32Array>;
  /** Give all sessions back. */
  close(): Promise<void>;
}

/**
 * Discover what is installed. What cannot be used is set aside with its error. The engine and weights are loaded when
 * first needed. Errors: PLUGIN_UNRESOLVED (the project's own package.json), ENGINE_MISSING (an engine that was named).
 */
export async function openHost(options: HostOptions = {}): Promise<Host> {
  const { cwd = process.cwd(), engine, fuse } = options;
  const { plugins, bridges, setAside, categories } = discover({ ...options, cwd });
  let runtime: ReturnType<typeof openRuntime> | undefined;
  const ready = () => {
    runtime ??= openRuntime(engine);
    return runtime;
  };
  if (engine !== undefined) await ready();
  const computed = models(ready);

  const byName = (term: NameTerm): Plugin => {
    const found = plugins.find(({ name }) => name === term.name);
    if (found !== undefined) return found;
    if (bridges.some(({ name }) => name === term.name)) {
      const reason = `“${term.name}” is a bridge, which is put in by itself where a chain goes from one space into another`;
      return fail('CHAIN_ENDS', { where: term.where, reason });
    }
    throw unknownName(term, plugins, setAside);
  };
  const byReference = new Map<string, Plugin>();
  const lookup = (term: NameTerm): Plugin => {
    if (term.plugin === undefined) return byName(term);
    const folder = folderOf(term.plugin.package);
    const known = byReference.get(folder) ?? plugins.find(({ directory }) => directory === folder);
    const plugin = known ?? installFolder(folder, categories);
    byReference.set(folder, plugin);
    return plugin;
  };
  const named = (name: string) => byName({ kind: 'name', name, where: `“${name}”` });
  const functor = (name: string): Functor => {
    const plugin = named(name);
    return plugin.kind === 'functor'
      ? plugin
      : fail('CHAIN_ENDS', { where: name, reason: 'it is a morphism' });
  };
  const morphism = (name: string, given: number): Morphism => {
    const plugin = named(name);
    if (plugin.kind === 'functor') return fail('CHAIN_ENDS', { where: name, reason: 'it is a functor' });
    const arity = plugin.inputs.length;
    return arity === given ? plugin : fail('CHAIN_ARITY', { where: name, name, arity, given });
  };
  const bridge = (name: string): Bridge => {
    const found = bridges.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw unknownName({ kind: 'name', name, where: `“${name}”` }, bridges, setAside);
  };
  const category = (given: string | Category): Category =>
    typeof given === 'string' ? findCategory(given, categories, given) : given;

  return {
    plugins,
    bridges,
    setAside,
    categories,
    compose(...parts) {
      const terms = (parts as unknown as readonly Part[]).flatMap(termsOf);
      if (terms.length === 0) fail('CHAIN_ENDS', { where: 'compose()', reason: 'it is empty' });
      return chainOf(chainText(terms), plan(terms, lookup, { categories, plugins, bridges }), computed, fuse);
    },
    async verify() {
      const results: Verification[] = [];
      for (const owner of [...categories, ...plugins, ...bridges])
        for (const each of computed.networksOf(owner))
          results.push({ name: owner.name, where: each.where, error: await errorOf(() => each.open()) });
      for (const each of categories) {
        const error = await errorOf(() => readReference(each));
        results.push({ name: each.name, where: `${each.directory}/${each.files.reference.path}`, error });
      }
      return results;
    },
    engine: async () => (await ready()).engine,
    encode: async (name, input) => computed.encode(functor(name), input),
    decode: async (name, latents, style) => computed.decode(functor(name), latents, style),
    apply: async (name, ...latents) => computed.apply(morphism(name, latents.length), latents),
    cross: async (name, way, latents) => computed.cross(bridge(name), way, latents),
    probe: async (name, latents) => computed.probe(category(name), latents),
    support: async (name, latents) => computed.support(category(name), latents),
    close: () => computed.close(),
  };
}

function termsOf(part: Part): ChainTerm {
  if (typeof part === 'string') return parseChain(part);
  return [{ kind: 'name', name: part.name, plugin: part, where: `“${part.name}” (${part.package})` }];
}

function folderOf(url: string): string {
  try {
    return realpathSync(fileURLToPath(url));
  } catch (cause) {
    throw coded('PLUGIN_UNRESOLVED', { where: url, reason: 'its folder is not there', cause });
  }
}

async function errorOf(action: () => unknown): Promise<DeepFunctorError | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (error instanceof DeepFunctorError) return error;
    throw error;
  }
}
