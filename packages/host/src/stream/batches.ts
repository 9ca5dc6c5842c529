/** Items in batches, and batches ahead of their use: what keeps a stream busy and its memory bounded. */

/** Marks that nothing came in time. */
const IDLE = Symbol('idle');

/**
 * Items in batches of `size`, cut where their number (`from`, `from + 1` …) is a multiple of it, so that a stream that
 * is continued has the batches of one that was not stopped. With `wait` (milliseconds), a batch that is not full goes
 * on when the next item lets it wait so long. What the items throw is thrown after those that came before.
 */
export async function* inBatches<T>(
  items: Iterable<T> | AsyncIterable<T>,
  { size, from, wait }: { size: number; from: number; wait?: number | undefined },
): AsyncGenerator<{ first: number; items: T[] }> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let pending: Promise<IteratorResult<T>> | undefined;
  let ended = false;
  let first = from;
  try {
    while (!ended) {
      const batch: T[] = [];
      const room = size - (first % size);
      const failures: unknown[] = [];
      while (batch.length < room && !ended) {
        pending ??= (async () => iterator.next())();
        const patience = batch.length === 0 ? undefined : wait;
        const result = await within(pending, patience).catch((cause: unknown) => {
          failures.push(cause);
          return undefined;
        });
        if (result === IDLE) break;
        pending = undefined;
        if (result === undefined || result.done === true) ended = true;
        else batch.push(result.value);
      }
      if (batch.length > 0) yield { first, items: batch };
      first += batch.length;
      if (failures.length > 0) throw failures[0];
    }
  } finally {
    // Not waited for: a source may be in the middle of a wait that never ends.
    if (!ended) (async () => iterator.return?.())().catch(() => undefined);
  }
}

/** The same items; up to `count` of them are got before they are asked for. */
export async function* readAhead<T>(items: AsyncGenerator<T>, count: number): AsyncGenerator<T> {
  const asked: Promise<IteratorResult<T>>[] = [];
  const ask = () => {
    const next = items.next();
    next.catch(() => undefined);
    asked.push(next);
  };
  for (let index = 0; index < count; index++) ask();
  try {
    for (;;) {
      const result = await asked.shift()!;
      if (result.done === true) return;
      ask();
      yield result.value;
    }
  } finally {
    items.return(undefined).catch(() => undefined);
  }
}

async function within<T>(promise: Promise<T>, wait: number | undefined): Promise<T | typeof IDLE> {
  if (wait === undefined) return promise;
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<typeof IDLE>((resolve) => {
    timer = setTimeout(() => resolve(IDLE), wait);
  });
  try {
    return await Promise.race([promise, idle]);
  } finally {
    clearTimeout(timer);
  }
}
