import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shrunk } from '../src/codecs/image/enlarged.js';
import { drawn, generator, nearest } from './pictures.js';

test('an enlargement by nearest neighbour is taken back, whatever its size and margins', () => {
  const side = fc.integer({ min: 6, max: 15 });
  const margin = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(
      side,
      side,
      margin,
      fc.double({ min: 3, max: 12, noNaN: true }),
      fc.integer(),
      (width, height, margin, factor, seed) => {
        const random = generator(seed);
        const [w, h] = [width + 2 * margin, height + 2 * margin];
        const cells = drawn(w, h, (x, y) => {
          const inside = x > margin && y > margin && x < w - margin && y < h - margin;
          return inside ? 0.1 + 0.9 * random() : 0;
        });
        const picture = nearest(cells, Math.round(w * factor), Math.round(h * factor));
        const { width: across, height: down, gray } = shrunk(picture);
        expect([across, down]).toEqual([w, h]);
        expect(gray).toEqual(cells.gray);
      },
    ),
  );
});

const random = generator(5);
test.each([
  ['of noise', drawn(90, 70, () => random())],
  [
    'with noise on its blocks',
    drawn(96, 96, (x, y) => (Math.floor(x / 12) * Math.floor(y / 12)) / 80 + 0.01 * random()),
  ],
  ['of one tone', drawn(50, 40, () => 0.3)],
  ['of a bar', drawn(60, 80, (x, y) => Number(x > 20 && x < 32 && y > 8 && y < 70))],
  ['of slanted lines', drawn(80, 80, (x, y) => Number((x + y / 3) % 16 < 5))],
  [
    'of blocks that are as wide as two high',
    drawn(96, 96, (x, y) => ((Math.floor(x / 16) * 7 + Math.floor(y / 8) * 5) % 11) / 11),
  ],
  ['of one pixel', drawn(1, 1, () => 1)],
])('a picture %s comes back as it is', (_, picture) => {
  expect(shrunk(picture)).toBe(picture);
});
