import { extname } from 'node:path';
import { fail } from '@deepfunctor/core';
import { type Host, openHost } from '@deepfunctor/host';
import { DEFAULTS, depthCurve, fuzzinessCurves, swapMatrix, verify } from '@deepfunctor/laws';
import { SingleBar } from 'cli-progress';
import { onInterrupt } from './interrupt.js';
import { type Verification, writePage } from './verify-report.js';
import { tables } from './verify-table.js';

export interface VerifyOptions {
  report?: string;
  seed?: number;
  samples?: number;
  json?: boolean;
}

/** `deepfunctor verify`. Whether every law holds, and nothing was set aside. */
export async function verifyCommand(
  names: readonly string[],
  { report, json = false, seed = DEFAULTS.seed, samples = DEFAULTS.samples }: VerifyOptions,
): Promise<boolean> {
  if (report !== undefined && !['.html', '.md'].includes(extname(report).toLowerCase()))
    fail('USAGE', {
      where: `--report ${report}`,
      reason: 'a report is a page: FILE.html or FILE.md',
      help: 'deepfunctor verify --help',
    });
  const host = await openHost();
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {what}',
    noTTYOutput: true,
    notTTYSchedule: 20_000,
  });
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  onInterrupt(interrupt, { once: true });
  try {
    const plugins = names.length === 0 ? undefined : [...new Set(names)];
    let begun = false;
    const onProgress = (done: number, total: number, what: string) => {
      if (!begun) bar.start(total, 0, { what });
      begun = true;
      bar.update(done, { what });
    };
    const findings = await verify({ host, plugins, seed, samples, signal: stop.signal, onProgress });
    bar.stop();
    const setAside = plugins === undefined ? host.setAside : [];
    const holds = setAside.length === 0 && findings.every((finding) => finding.holds);
    const page = async (): Promise<Verification> => ({
      holds,
      seed,
      samples,
      engine: await host.engine(),
      ...(await measures(host, { seed, samples }, plugins)),
      plugins: [...host.plugins, ...host.bridges].map(({ name, kind, version }) => ({
        name,
        kind,
        version: version ?? '–',
      })),
      setAside,
      findings,
    });
    const told = json || report !== undefined ? await page() : undefined;
    if (report !== undefined) writePage(report, told!);
    if (json) console.log(JSON.stringify(told, null, 2));
    else {
      console.log(tables(findings) || 'No plugin is installed in this project.');
      for (const { name, error } of setAside) console.log(`\nset aside: ${name}\n${error.message}`);
      if (report !== undefined) console.log(`\nThe report is in ${report}.`);
    }
    return holds;
  } finally {
    bar.stop();
    await host.close();
  }
}

/** What is measured beside the laws: all paths that the plugins are part of, and curves over depth by category. */
async function measures(
  host: Host,
  settings: { seed: number; samples: number },
  plugins: readonly string[] | undefined,
): Promise<Pick<Verification, 'matrix' | 'categories'>> {
  const own = { host, ...settings };
  const categories: Verification['categories'] = [];
  for (const category of host.categories) {
    const { name, version, digest } = category;
    const [depth, fuzziness] = [await depthCurve(own, category), await fuzzinessCurves(own, category)];
    categories.push({ name, version, digest, depth, fuzziness });
  }
  return { matrix: await swapMatrix(own, plugins), categories };
}
