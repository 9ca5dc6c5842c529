/**
 * Dynamic batching: requests that wait for the same model are run together, and each gets its own rows back.
 *
 *     ask(a) ask(b) ask(c)  →  run(a ++ b ++ c)  →  its rows to a, to b, to c
 *
 * One run at a time. A run begins when `maxBatch` rows wait, or the oldest request has waited `maxDelay`; with a delay of 0
 * it takes what came in during the same turn of the event loop, so an idle server answers at once and a busy one, whose
 * requests arrive while it computes, in batches. Requests are taken in their order and never split.
 */
import type { Tensors } from '@deepfunctor/host';

export interface Batching {
  maxBatch: number;
  /** Milliseconds. */
  maxDelay: number;
}

export interface Batcher {
  /**
   * Run these rows, with others or alone. A request whose caller is gone before its run is dropped and rejects with the
   * reason for that. Errors: those of the run.
   */
  ask(inputs: Tensors, rows: number, caller?: Caller): Promise<Tensors>;
  /** Whether nothing waits or runs. */
  readonly idle: boolean;
}

/** Who waits for an answer. */
export interface Caller {
  /** Why nobody waits any more. */
  gone?: Error;
}

interface Waiting {
  inputs: Tensors;
  rows: number;
  caller: Caller | undefined;
  since: number;
  resolve(values: Tensors): void;
  reject(error: unknown): void;
}

/** A batcher before one model; `afterRun` is told how many rows and requests a run had, and its seconds. */
export function batcher(
  run: (inputs: Tensors, rows: number) => Promise<Tensors>,
  { maxBatch, maxDelay }: Batching,
  afterRun: (rows: number, requests: number, seconds: number) => void = () => {},
): Batcher {
  let queue: Waiting[] = [];
  let rowsWaiting = 0;
  let running = false;
  let planned: { cancel(): void } | undefined;

  const plan = () => {
    if (running || queue.length === 0) return;
    const left = maxDelay - (performance.now() - queue[0]!.since);
    const now = rowsWaiting >= maxBatch || left <= 0;
    if (planned !== undefined && !(now && maxDelay > 0)) return;
    planned?.cancel();
    if (now) {
      const immediate = setImmediate(start);
      planned = { cancel: () => clearImmediate(immediate) };
    } else {
      const timer = setTimeout(start, left);
      planned = { cancel: () => clearTimeout(timer) };
    }
  };

  const start = () => {
    planned = undefined;
    const batch = take();
    if (batch.length === 0) return;
    running = true;
    void runBatch(batch).finally(() => {
      running = false;
      plan();
    });
  };

  const take = () => {
    const batch: Waiting[] = [];
    let rows = 0;
    let taken = 0;
    for (const each of queue) {
      const gone = each.caller?.gone;
      if (gone === undefined && batch.length > 0 && rows + each.rows > maxBatch) break;
      taken++;
      rowsWaiting -= each.rows;
      if (gone !== undefined) {
        each.reject(gone);
        continue;
      }
      batch.push(each);
      rows += each.rows;
    }
    queue = queue.slice(taken);
    return batch;
  };

  const runBatch = async (batch: Waiting[]) => {
    const began = performance.now();
    const rows = batch.reduce((sum, each) => sum + each.rows, 0);
    try {
      const values = await run(joined(batch), rows);
      afterRun(rows, batch.length, (performance.now() - began) / 1000);
      let at = 0;
      for (const each of batch) {
        each.resolve(rowsOf(values, at, each.rows, rows));
        at += each.rows;
      }
    } catch (error) {
      for (const each of batch) each.reject(error);
    }
  };

  return {
    ask(inputs, rows, caller) {
      return new Promise((resolve, reject) => {
        queue.push({ inputs, rows, caller, since: performance.now(), resolve, reject });
        rowsWaiting += rows;
        plan();
      });
    },
    get idle() {
      return !running && queue.length === 0;
    },
  };
}

function joined(batch: readonly Waiting[]): Tensors {
  if (batch.length === 1) return batch[0]!.inputs;
  return Object.fromEntries(
    Object.keys(batch[0]!.inputs).map((name) => {
      const parts = batch.map(({ inputs }) => inputs[name]!);
      const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      return [name, whole];
    }),
  );
}

function rowsOf(values: Tensors, from: number, rows: number, all: number): Tensors {
  if (rows === all) return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, whole]) => {
      const size = whole.length / all;
      return [name, whole.subarray(from * size, (from + rows) * size)];
    }),
  );
}
