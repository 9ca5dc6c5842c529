/** All laws of some plugins. */
import { coded, DeepFunctorError } from '@deepfunctor/core';
import { type Bridge, type Host, type Plugin, unknownName } from '@deepfunctor/host';
import { acrossLaws } from './across.js';
import { benchOf } from './bench.js';
import { bridgeLaws } from './bridge.js';
import { functorLaws } from './functor.js';
import type { Labelled, Law, Result, Subject } from './law.js';
import { morphismLaws } from './morphism.js';

/** Every law of the contract. */
export const laws: readonly Law[] = [...functorLaws, ...morphismLaws, ...bridgeLaws, ...acrossLaws];

/** Rows for each measurement, and the seed, where nothing else is said. */
export const DEFAULTS = { seed: 1, samples: 400 } as const;

/** A law and a plugin. */
export interface Finding extends Result {
  plugin: string;
  law: string;
  of: Law['of'];
  /** What the law ended with, where it could not be measured. */
  error?: DeepFunctorError;
}

export interface VerifyOptions {
  host: Host;
  /** Names; the others serve as partners. Default: all. */
  plugins?: readonly string[] | undefined;
  seed?: number | undefined;
  samples?: number | undefined;
  /** Labelled inputs by functor. */
  inputs?: Readonly<Record<string, Labelled>> | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number, what: string) => void) | undefined;
}

/** The laws that a plugin is under. A bridge is no part of a chain by name, so no law speaks of it among others. */
export function lawsOf({ kind }: Pick<Plugin | Bridge, 'kind'>): readonly Law[] {
  return laws.filter(({ of }) => of === kind || (of === 'across' && kind !== 'bridge'));
}

/** Check one law; a coded error counts as a law that does not hold. */
export async function checkLaw(law: Law, subject: Subject): Promise<Finding> {
  const found = { plugin: subject.plugin.name, law: law.name, of: law.of };
  try {
    const fault = await benchOf(subject).fault(subject.plugin);
    if (fault !== undefined) throw fault;
    return { ...found, ...(await (law as { check(subject: Subject): Promise<Result> }).check(subject)) };
  } catch (error) {
    if (!(error instanceof DeepFunctorError)) throw error;
    return { ...found, holds: false, figure: null, limit: law.tolerance, detail: error.message, error };
  }
}

/**
 * Check the laws of the named plugins, all by default. Errors: CHAIN_UNKNOWN_NAME, or that of a named plugin which was
 * set aside; INTERRUPTED, where the signal aborts.
 */
export async function verify({
  host,
  plugins,
  inputs = {},
  signal,
  onProgress,
  ...settings
}: VerifyOptions): Promise<Finding[]> {
  const { seed = DEFAULTS.seed, samples = DEFAULTS.samples } = settings;
  const installed = [...host.plugins, ...host.bridges];
  const subjects = (plugins ?? installed.map(({ name }) => name)).map((name) => {
    const found = installed.find((plugin) => plugin.name === name);
    const aside = host.setAside.find((item) => item.name === name);
    if (found === undefined)
      throw aside?.error ?? unknownName({ kind: 'name', name, where: `“${name}”` }, installed, host.setAside);
    return found;
  });
  const total = subjects.reduce((sum, plugin) => sum + lawsOf(plugin).length, 0);
  const findings: Finding[] = [];
  for (const plugin of subjects)
    for (const law of lawsOf(plugin)) {
      if (signal?.aborted)
        throw coded('INTERRUPTED', { where: 'verify', resume: 'nothing was left half-written' });
      onProgress?.(findings.length, total, `${plugin.name}: ${law.name}`);
      findings.push(await checkLaw(law, { host, plugin, seed, samples, inputs: inputs[plugin.name] }));
    }
  onProgress?.(total, total, 'done');
  return findings;
}
