/** Pictures that were enlarged without smoothing: of blocks of equal pixels, each one pixel of the picture they were made of. */
import type { Gray } from './gray.js';

/** A block is at least so many pixels wide. */
const LEAST = 2;
/** With fewer blocks between the margins than this, each way, equal lengths may be chance: of bars, of a frame. */
const BLOCKS = 4;

/**
 * The picture that this one is an enlargement of by nearest neighbour, to a side that need not be a multiple; any other
 * picture comes back as it is. Margins may be cut off in the middle of a block.
 */
export function shrunk(picture: Gray): Gray {
  const { width, height, gray } = picture;
  const columns = stepsAlong(width, height, (x, y) => gray[y * width + x]!);
  const rows = columns && stepsAlong(height, width, (y, x) => gray[y * width + x]!);
  const [across, down] = [columns && cellsOf(columns, width), rows && cellsOf(rows, height)];
  if (!across || !down || Math.abs(across.size - down.size) > 1) return picture;
  const out = new Float32Array(across.at.length * down.at.length);
  down.at.forEach((y, row) => {
    across.at.forEach((x, column) => {
      out[row * across.at.length + column] = gray[y * width + x]!;
    });
  });
  return { width: across.at.length, height: down.at.length, gray: out };
}

/** Where a line across the picture differs from the one before it; nothing where two such places are neighbours. */
function stepsAlong(
  length: number,
  depth: number,
  at: (i: number, j: number) => number,
): number[] | undefined {
  const step = new Uint8Array(length + 1);
  for (let j = 0; j < depth; j++)
    for (let i = 1; i < length; i++) {
      if (step[i] || at(i, j) === at(i - 1, j)) continue;
      step[i] = 1;
      if (step[i - 1] || step[i + 1]) return undefined;
    }
  return [...step.keys()].filter((i) => step[i]);
}

/**
 * The length of a block, and a place in each of them; nothing where the lengths between steps are no multiples of one.
 * What lies before the first step and after the last is margin.
 */
function cellsOf(steps: readonly number[], length: number): { size: number; at: number[] } | undefined {
  const lengths = steps.slice(1).map((step, i) => step - steps[i]!);
  const least = Math.min(...lengths);
  if (lengths.length < BLOCKS || least < LEAST) return undefined;
  // Of a side that is no multiple, some blocks are a pixel longer than others.
  const single = lengths.filter((each) => each <= least + 1);
  const size = single.reduce((sum, each) => sum + each, 0) / single.length;
  const at: number[] = [];
  const cells = (from: number, to: number, count: number) => {
    for (let k = 0; k < count; k++) at.push(Math.floor(from + ((k + 0.5) * (to - from)) / count));
  };
  const [first, last] = [steps[0]!, steps.at(-1)!];
  const margin = (pixels: number) => (pixels === 0 ? 0 : Math.max(1, Math.round(pixels / size)));
  cells(0, first, margin(first));
  for (const [i, each] of lengths.entries()) {
    const count = Math.round(each / size);
    if (Math.abs(each - count * size) > 1) return undefined;
    cells(steps[i]!, steps[i + 1]!, count);
  }
  cells(last, length, margin(length - last));
  return { size, at };
}
