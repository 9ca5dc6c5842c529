/** Who decodes: this thread, or a pool of others. */
import { availableParallelism } from 'node:os';
import { type Codec, coded, reasonOf } from '@deepfunctor/core';
import type { Tinypool } from 'tinypool';
import { type DecodedItem, type DecodeItem, decodeItem } from './decode.js';
import type { DecodeJob } from './decode-worker.js';

/** Decodes forms of one codec. */
export interface Decoders {
  decode(codec: Codec, items: readonly DecodeItem[]): Promise<DecodedItem[]>;
  close(): Promise<void>;
}

/** Pictures that a thread takes at a time: enough to make the message worth it, few enough to share a batch. */
const SHARE = 16;

/** As many threads as there are cores beside this one, at most 4. */
export function defaultThreads(): number {
  return Math.min(4, Math.max(1, availableParallelism() - 1));
}

/** Threads for pictures, begun when there is more than one share of them; texts, and all with 0 threads, are decoded here. */
export function openDecoders(threads: number): Decoders {
  let opened: Promise<Tinypool | undefined> | undefined;
  let closed = false;
  const decodeHere = (codec: Codec, items: readonly DecodeItem[]) =>
    items.map((item) => decodeItem(codec, item));

  return {
    async decode(codec, items) {
      const few = opened === undefined && items.length <= SHARE;
      if (codec.kind !== 'image' || threads === 0 || few) return decodeHere(codec, items);
      opened ??= openPool(threads);
      const pool = await opened;
      if (pool === undefined) return decodeHere(codec, items);
      const shares = Array.from({ length: Math.ceil(items.length / SHARE) }, (_, index) =>
        items.slice(index * SHARE, (index + 1) * SHARE),
      );
      return (await Promise.all(shares.map((share) => decodeThere(pool, codec, share, () => closed)))).flat();
    },
    async close() {
      closed = true;
      await (await opened)?.destroy();
    },
  };
}

/** Undefined where threads cannot be begun, for example under a loader that they do not inherit. */
async function openPool(threads: number): Promise<Tinypool | undefined> {
  const { Tinypool } = await import('tinypool');
  const filename = new URL('./decode-worker.js', import.meta.url).href;
  const pool = new Tinypool({ filename, minThreads: threads, maxThreads: threads });
  try {
    const nothing: DecodeJob = { codec: { kind: 'bits', version: 1, width: 1, values: ['0'] }, items: [] };
    await pool.run(nothing);
    return pool;
  } catch {
    await pool.destroy();
    return undefined;
  }
}

/** A picture can end its thread (memory); the others of its share are decoded by another one. */
async function decodeThere(
  pool: Tinypool,
  codec: Codec,
  items: readonly DecodeItem[],
  isClosed: () => boolean,
): Promise<DecodedItem[]> {
  try {
    return await pool.run({ codec, items } satisfies DecodeJob);
  } catch (cause) {
    if (isClosed()) throw cause;
    if (items.length > 1)
      return (await Promise.all(items.map((item) => decodeThere(pool, codec, [item], isClosed)))).flat();
    const reason = `the thread that decoded it ended: ${reasonOf(cause)}`;
    return [{ error: coded('IMAGE_UNREADABLE', { where: items[0]!.where, reason }).toJSON() }];
  }
}
