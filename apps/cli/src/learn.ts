import { coded } from '@deepfunctor/core';
import type {
  LearnBridgeOptions,
  LearnFunctorOptions,
  LearnMorphismOptions,
  LearnReport,
} from '@deepfunctor/train';
import { SingleBar } from 'cli-progress';
import { onInterrupt } from './interrupt.js';
import { trainer } from './trainer.js';

interface Shared {
  json?: boolean;
}

/** `deepfunctor learn morphism`. */
export async function learnMorphismCommand({
  json,
  ...options
}: LearnMorphismOptions & Shared): Promise<void> {
  const { learnMorphismPlugin } = await trainer('learn');
  await learning((progress) => learnMorphismPlugin({ ...options, ...progress }), json);
}

/** `deepfunctor learn functor`. */
export async function learnFunctorCommand({ json, ...options }: LearnFunctorOptions & Shared): Promise<void> {
  const { learnFunctorPlugin } = await trainer('learn');
  await learning((progress) => learnFunctorPlugin({ ...options, ...progress }), json);
}

/** `deepfunctor learn bridge`. */
export async function learnBridgeCommand({ json, ...options }: LearnBridgeOptions & Shared): Promise<void> {
  const { learnBridgePlugin } = await trainer('learn');
  await learning((progress) => learnBridgePlugin({ ...options, ...progress }), json);
}

type Told = Pick<LearnFunctorOptions, 'onStep' | 'signal'>;

async function learning(work: (progress: Told) => Promise<LearnReport>, json = false): Promise<void> {
  const bar = new SingleBar({
    format: '{bar} {value}/{total} steps, loss {loss}',
    noTTYOutput: true,
    notTTYSchedule: 10_000,
  });
  let begun = false;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  // Again and again: a second one must not end what takes the half-written away.
  onInterrupt(interrupt);
  try {
    const report = await work({
      signal: stop.signal,
      onStep(step, steps, loss) {
        if (!begun) bar.start(steps, 0, { loss: '' });
        begun = true;
        bar.setTotal(steps);
        bar.update(step, { loss: loss.toFixed(4) });
      },
    });
    bar.stop();
    if (json) console.log(JSON.stringify(report, null, 2));
    else tell(report);
  } catch (error) {
    bar.stop();
    if (stop.signal.aborted) throw coded('INTERRUPTED', { where: 'learn', resume: 'nothing was written' });
    throw error;
  }
}

function tell({ name, kind, category, engine, steps, measured, out }: LearnReport): void {
  const how = kind === 'bridge' ? `in ${engine}` : `in ${steps} steps (engine: ${engine})`;
  console.log(`Learned the ${kind} “${name}” of ${category} ${how}.`);
  for (const [what, value] of Object.entries(measured)) console.log(`  ${what}: ${value}`);
  console.log(
    `The package is in ${out === '.' ? 'this folder' : out}. Install it, and check it: deepfunctor verify ${name}`,
  );
}
