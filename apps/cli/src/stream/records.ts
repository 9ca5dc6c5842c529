/** Bytes as they come, cut into records at a byte. */

/** A record longer than this is not kept: 64 KiB. */
export const RECORD_LIMIT = 64 * 1024;

export interface Cut {
  /** Without what ends it; undefined where it is longer than the limit. */
  bytes: Buffer | undefined;
  /** Bytes that it takes with its end. */
  length: number;
  /** Whether its end was there; only the last record may lack it. */
  ended: boolean;
}

/** Cut a stream of bytes. A record is held in memory once, and at most `limit` bytes of it. */
export async function* records(
  source: AsyncIterable<Uint8Array>,
  separator: number,
  limit = RECORD_LIMIT,
): AsyncGenerator<Cut> {
  let pieces: Buffer[] = [];
  let length = 0;
  const add = (piece: Buffer) => {
    length += piece.length;
    if (length <= limit) pieces.push(piece);
    else pieces = [];
  };
  const take = (ended: boolean): Cut => {
    const bytes = length > limit ? undefined : pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    const cut = { bytes, length: length + (ended ? 1 : 0), ended };
    pieces = [];
    length = 0;
    return cut;
  };
  for await (const chunk of source) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let end = buffer.indexOf(separator); end >= 0; end = buffer.indexOf(separator, from)) {
      add(buffer.subarray(from, end));
      yield take(true);
      from = end + 1;
    }
    if (from < buffer.length) add(buffer.subarray(from));
  }
  if (length > 0) yield take(false);
}
