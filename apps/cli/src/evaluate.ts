import { coded } from '@deepfunctor/core';
import { openHost } from '@deepfunctor/host';
import { SingleBar } from 'cli-progress';
import { onInterrupt } from './interrupt.js';
import { trainer } from './trainer.js';

export interface EvaluateOptions {
  data: string;
  handwriting?: string;
  out?: string;
  json?: boolean;
}

/** `deepfunctor evaluate`. */
export async function evaluateCommand({
  data,
  handwriting,
  out,
  json = false,
}: EvaluateOptions): Promise<void> {
  const { evaluate } = await trainer('evaluate');
  const host = await openHost();
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {what}',
    noTTYOutput: true,
    notTTYSchedule: 20_000,
  });
  bar.start(1, 0, { what: '' });
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  onInterrupt(interrupt, { once: true });
  try {
    const report = await evaluate({
      host,
      data,
      ...(handwriting === undefined ? {} : { handwriting }),
      ...(out === undefined ? {} : { out }),
      signal: stop.signal,
      onProgress(done, total, what) {
        bar.setTotal(total);
        bar.update(done, { what });
      },
    });
    bar.stop();
    if (json) console.log(JSON.stringify(report, null, 2));
    else
      for (const { what, figure, measured, reached } of report.rows)
        console.log(`${reached === null ? ' ' : reached ? '✓' : '✗'} ${what}: ${measured} (${figure})`);
    if (out !== undefined && !json) console.log(`\nThe report is in ${out}.`);
  } catch (error) {
    if (stop.signal.aborted)
      throw coded('INTERRUPTED', { where: 'evaluate', resume: 'nothing was left half-written' });
    throw error;
  } finally {
    bar.stop();
    await host.close();
  }
}
