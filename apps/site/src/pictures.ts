/** Pictures of the gallery: tiles that a functor's decoder really drew, put together on a sheet. */
import type { ImageCodec } from '@deepfunctor/core';
import { decodeOutput, type Functor, type Host, rowShape } from '@deepfunctor/host';
import { PNG } from 'pngjs';

/** An image functor. */
export type Painter = Functor & { manifest: { codec: ImageCodec } };

export const isPainter = (functor: Functor): functor is Painter => functor.manifest.codec.kind === 'image';

/** How many pixels lie between two tiles. */
const GAP = 4;

/** Draw latents `[n, D]`, with styles `[n, S]` or canonically: n tiles, dark ink on white where the format has one channel. */
export async function tilesOf(
  host: Host,
  painter: Painter,
  latents: Float32Array,
  style?: Float32Array,
): Promise<PNG[]> {
  const { codec } = painter.manifest;
  const size = rowShape(codec).reduce((product, side) => product * side, 1);
  const output = await host.decode(painter.name, latents, style);
  return Array.from({ length: output.length / size }, (_, row) => {
    const { png } = decodeOutput(codec, output.subarray(row * size, (row + 1) * size));
    const tile = PNG.sync.read(Buffer.from(png!));
    if (codec.channels === 1)
      for (let i = 0; i < tile.data.length; i++) if (i % 4 < 3) tile.data[i] = 255 - tile.data[i]!;
    return tile;
  });
}

/** A sheet of tiles of one size, row by row, on white; the PNG and its size in pixels. */
export function sheetOf(
  tiles: readonly PNG[],
  columns: number,
): { png: Uint8Array; width: number; height: number } {
  const { width: w, height: h } = tiles[0]!;
  const rows = Math.ceil(tiles.length / columns);
  const sheet = new PNG({ width: columns * (w + GAP) + GAP, height: rows * (h + GAP) + GAP });
  sheet.data.fill(255);
  for (const [i, tile] of tiles.entries()) {
    const [x, y] = [GAP + (i % columns) * (w + GAP), GAP + Math.floor(i / columns) * (h + GAP)];
    PNG.bitblt(tile, sheet, 0, 0, w, h, x, y);
  }
  return { png: PNG.sync.write(sheet), width: sheet.width, height: sheet.height };
}
