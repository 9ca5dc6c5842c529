/** `deepfunctor learn bridge`: from two releases of a category to the package of a bridge between them. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Category, fail, findCategory, readCategory, releaseName } from '@deepfunctor/core';
import { openHost } from '@deepfunctor/host';
import { bridgeModels, measureBridge } from './bridge.js';
import { contractOf, portOf } from './contract.js';
import type { LearnOptions, LearnReport } from './index.js';
import { checkOut, publish, rangeOfCore } from './publish.js';

export interface LearnBridgeOptions
  extends Pick<
    LearnOptions,
    | 'name'
    | 'out'
    | 'replace'
    | 'package'
    | 'description'
    | 'categories'
    | 'cwd'
    | 'seed'
    | 'onStep'
    | 'signal'
  > {
  /** Releases of one category: installed ones by name and version (`tones@1.4.0`), or folders of releases. */
  from: string;
  to: string;
}

/**
 * Learn a bridge. Errors: OUTPUT_EXISTS, CATEGORY_UNKNOWN, CATEGORY_AMBIGUOUS, CATEGORY_BROKEN, USAGE (two releases that
 * no bridge can be between), LEARNING_FAILED, OUTPUT_UNWRITABLE.
 */
export async function learnBridgePlugin(options: LearnBridgeOptions): Promise<LearnReport> {
  const { name, out, cwd, categories, seed = 1, signal } = options;
  checkOut(options);
  const host = await openHost({
    ...(cwd === undefined ? {} : { cwd }),
    ...(categories === undefined ? {} : { categories }),
  });
  try {
    const at = (text: string, where: string) => releaseOf(text, host.categories, cwd, where);
    const [from, to] = [at(options.from, '--from'), at(options.to, '--to')];
    checkEnds(from, to);
    const contracts = [contractOf(host, from), contractOf(host, to)] as const;
    signal?.throwIfAborted();
    const title = `${releaseName(from)} ↔ ${releaseName(to)}`;
    const plugin = {
      package: options.package ?? basename(resolve(out)),
      description:
        options.description ?? `A bridge, ${title}: plugins of either space compose with those of the other.`,
      core: rangeOfCore(),
      files: bridgeModels(from, to),
      manifest: {
        kind: 'bridge',
        name,
        from: portOf(from),
        to: portOf(to),
        card: {
          mode: 'frozen',
          seed,
          steps: 0,
          data: 'The codes of the labels in the two reference samples.',
          recipe:
            'A rotation in closed form: the orthogonal map that takes the code of each label in the one space nearest to its code in the other (orthogonal Procrustes); the way back is its transpose. Nothing was trained.',
          measured: {},
        },
      },
    } as const;
    // The releases of this bridge first: a folder may hold one that stands in for an installed one.
    const folders = [from, to, ...host.categories].map(({ directory }) => directory);
    const measured = await publish(
      plugin,
      { out, replace: options.replace, categories: [...new Set(folders)] },
      (opened) => measureBridge(opened, name, contracts, seed),
    );
    options.onStep?.(1, 1, 0);
    return {
      name,
      out,
      kind: 'bridge',
      category: title,
      space: from.digest,
      engine: 'closed form',
      steps: 0,
      measured,
    };
  } finally {
    await host.close();
  }
}

function releaseOf(
  text: string,
  installed: readonly Category[],
  cwd = process.cwd(),
  where: string,
): Category {
  const folder = resolve(cwd, text);
  return existsSync(join(folder, 'category.json'))
    ? readCategory(folder)
    : findCategory(text, installed, where);
}

function checkEnds(from: Category, to: Category): void {
  const refuse = (reason: string): never =>
    fail('USAGE', { where: '--from, --to', reason, help: 'deepfunctor learn bridge --help' });
  const labels = ({ labels }: Category) => labels.map(({ name }) => name).join('\n');
  if (from.digest === to.digest) refuse('both are the same release, which needs no bridge');
  if (from.name !== to.name)
    refuse(
      `“${from.name}” and “${to.name}” are two categories; what leads from one to another is a morphism`,
    );
  if (labels(from) !== labels(to))
    refuse('the two releases have other labels, so no bridge can keep a belief');
}
