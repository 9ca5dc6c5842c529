/**
 * The models of a server. A name is one of the configuration, whose models stay open, or the text of a chain, which is
 * composed and opened when first asked for; of these the ones used last stay open.
 */
import { type DeepFunctorError, fail } from '@deepfunctor/core';
import { type Host, openRuntime } from '@deepfunctor/host';
import type { Config, ModelConfig } from './config.js';
import type { Metrics } from './metrics.js';
import { type Model, openModel, VERSION } from './model.js';

/** Longer texts of chains are refused: about a hundred plugins. */
const NAME_LIMIT = 2000;

/** Chains that may wait to be opened; one is opened at a time. */
const OPENING = 8;

/** Metrics call all chains that requests have named so: their number is not bounded by anybody. */
const COMPOSED = 'composed';

export interface Catalogue {
  /**
   * The model of a name, opened if need be. Errors: MODEL_UNKNOWN, CHAIN_…, WEIGHTS_…, FUSION_OPSET, REQUEST_SIZE,
   * SERVER_BUSY, where many others wait to be opened.
   */
  model(name: string, version?: string): Promise<Model>;
  /** What is open, those of the configuration first. */
  list(): Promise<Model[]>;
  close(): Promise<void>;
}

/** Open the models of a configuration. The host is closed with the catalogue, and if this fails. Errors: those of `model`. */
export async function openCatalogue(host: Host, config: Config, metrics: Metrics): Promise<Catalogue> {
  const { limits } = config;
  let runtime: ReturnType<typeof openRuntime> | undefined;
  const ready = async () => {
    runtime ??= openRuntime(await host.engine(), limits.threads);
    return runtime;
  };
  const pinned = new Map<string, Model>();
  const composed = new Map<string, Promise<Model>>();
  let opening = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const open = (text: string, name: string, label: string, own: Partial<ModelConfig> = {}) =>
    openModel(host.compose(text), ready, {
      name,
      label,
      metrics,
      withDistribution: own.withDistribution ?? config.withDistribution,
      maxBatch: own.maxBatch ?? limits.maxBatch,
      maxDelay: own.maxDelay ?? limits.maxDelay,
    });

  const openInTurn = (text: string): Promise<Model> => {
    if (opening >= OPENING)
      fail('SERVER_BUSY', { where: text, reason: `${opening} other chains wait to be opened` });
    opening++;
    const opened = turn.then(() => open(text, text, COMPOSED)).finally(() => opening--);
    turn = opened.catch(() => {});
    return opened;
  };

  const compose = (name: string): Promise<Model> => {
    if (name.length > NAME_LIMIT)
      fail('REQUEST_SIZE', {
        where: 'the name of the model',
        reason: `it has ${name.length} characters, and ${NAME_LIMIT} are allowed`,
        option: 'a model of the configuration',
      });
    // What is open is called by its text, so that this plans nothing.
    const text = composed.has(name) ? name : host.compose(name).text;
    const found = composed.get(text) ?? openInTurn(text);
    composed.delete(text);
    composed.set(text, found);
    found.catch(() => {
      if (composed.get(text) === found) composed.delete(text);
    });
    if (composed.size > limits.models) forget(composed.keys().next().value!);
    return found;
  };

  const forget = (text: string) => {
    const model = composed.get(text)!;
    composed.delete(text);
    void model.then((opened) => opened.retire()).catch(() => {});
  };

  const close = async () => {
    await turn;
    const all = await Promise.allSettled([...pinned.values(), ...composed.values()]);
    await Promise.all(all.map(async (each) => each.status === 'fulfilled' && each.value.retire()));
    await host.close();
  };

  try {
    for (const { name, chain, ...own } of config.models) pinned.set(name, await open(chain, name, name, own));
  } catch (error) {
    await close();
    throw error;
  }

  const names = () => {
    const chain = config.compose ? ['the text of a chain, such as “a -> f -> b”'] : [];
    return [...pinned.keys(), ...chain].join(', ');
  };
  return {
    async model(name, version = VERSION) {
      const unknown = (reason: string) =>
        fail('MODEL_UNKNOWN', { where: name, name, reason, names: names() });
      if (version !== VERSION) unknown(`version “${version}” was asked for, and there is only “${VERSION}”`);
      const known = pinned.get(name);
      if (known !== undefined) return known;
      if (!config.compose) return unknown('it is not in the configuration');
      if (!name.includes('->')) return unknown('it is not in the configuration, and no chain');
      return compose(name);
    },
    async list() {
      const all = await Promise.allSettled([...pinned.values(), ...composed.values()]);
      return all.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    },
    close,
  };
}

/** Whether an error of a model is one of what a request named. */
export function isNaming({ code }: DeepFunctorError): boolean {
  return code.startsWith('CHAIN_') || code === 'MODEL_UNKNOWN';
}
