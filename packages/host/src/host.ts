/** The host: what is installed, and chains of it. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Category,
  type Composition,
  coded,
  DeepFunctorError,
  fail,
  type Part,
  readReference,
} from '@deepfunctor/core';
import { type Chain, chainOf } from './chain.js';
import { plan, unknownName } from './compose.js';
import {
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

export interface HostOptions {
  /** Where the user's project is: the nearest folder with a package.json, upwards. Default: the working directory. */
  cwd?: string;
  /** Names of packages or folders, instead of the dependencies of the project. */
  plugins?: readonly string[];
  /** Folders of category releases, besides the built-in ones. */
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

/** What is installed, ready to be composed. Names in its methods are names of plugins and categories. */
export interface Host {
  readonly plugins: readonly Plugin[];
  readonly setAside: readonly SetAside[];
  readonly categories: readonly Category[];
  /**
   * Compose a chain: an expression (`'a -> f -> b'`), parts of one, or the plugins' typed references. Reads no weights.
   * Errors: CHAIN_SYNTAX, CHAIN_UNKNOWN_NAME, CHAIN_ENDS, CHAIN_ARITY, CHAIN_CATEGORY; for a reference, those of its package.
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
  /** Latents `[n, D]` → `[n, K]`, a probability over the labels. */
  probe(category: string, latents: Float32Array): Promise<Float32Array>;
  /** Latents `[n, D]` → `[n]`, distances; at most the category's threshold belongs to the space. */
  support(category: string, latents: Float32Array): Promise<Float32Array>;
  /** Give all sessions back. */
  close(): Promise<void>;
}

/**
 * Discover what is installed. What cannot be used is set aside with its error. The engine and weights are loaded when
 * first needed. Errors: PLUGIN_UNRESOLVED (the project's own package.json), ENGINE_MISSING (an engine that was named).
 */
export async function openHost(options: HostOptions = {}): Promise<Host> {
  const { cwd = process.cwd(), engine, fuse } = options;
  const { plugins, setAside, categories } = discover({ ...options, cwd });
  let runtime: ReturnType<typeof openRuntime> | undefined;
  const ready = () => {
    runtime ??= openRuntime(engine);
    return runtime;
  };
  if (engine !== undefined) await ready();
  const computed = models(ready);

  const byName = (term: NameTerm): Plugin => {
    const found = plugins.find(({ name }) => name === term.name);
    if (found === undefined) throw unknownName(term, plugins, setAside);
    return found;
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
  const category = (name: string): Category => {
    const installed = categories.map((each) => each.name).join(', ') || 'none';
    return (
      categories.find((each) => each.name === name) ??
      fail('CATEGORY_UNKNOWN', { where: name, category: name, installed })
    );
  };

  return {
    plugins,
    setAside,
    categories,
    compose(...parts) {
      const terms = (parts as unknown as readonly Part[]).flatMap(termsOf);
      if (terms.length === 0) fail('CHAIN_ENDS', { where: 'compose()', reason: 'it is empty' });
      return chainOf(chainText(terms), plan(terms, lookup), computed, fuse);
    },
    async verify() {
      const results: Verification[] = [];
      for (const owner of [...categories, ...plugins])
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
