/**
 * A second founding of the tones of world.ts: release 2.0.0 (D = 6, norm 3, labels on other axes), a functor that lives
 * there (`signs`, the bits of `keys`), and a bridge between the two.
 */
import { join } from 'node:path';
import { type Category, readCategory } from '@deepfunctor/core';
import { graph, type Model } from '@deepfunctor/onnx';
import {
  axisOf,
  linear,
  type Space,
  scaleOf,
  TONES,
  type World,
  writeCategory,
  writePlugin,
} from './world.js';

export const SECOND: Space = {
  name: 'tones',
  labels: TONES.labels,
  dimension: 6,
  norm: 3,
  version: '2.0.0',
  axes: [4, 0, 2],
};
const THIRD: Space = { ...SECOND, dimension: 4, norm: 1, version: '3.0.0', axes: [1, 3, 0] };

export const portOf = ({ name, version, digest }: Category) => ({
  category: name,
  contract: `^${version}`,
  space: digest,
});

/** Install the second founding; the bridge only where it is asked for. */
export function foundAgain(world: World, bridge = true): { second: Category } {
  const second = writeCategory(world.folder('category-tones-2'), SECOND);
  writePlugin(
    world.folder('functor-signs'),
    {
      kind: 'functor',
      name: 'signs',
      port: portOf(second),
      domain: SECOND.labels,
      codec: { version: 1, kind: 'bits', width: 2, values: ['00', '01', '10'] },
    },
    { encode: signsIn(), decode: signsOut() },
  );
  depend(world, 'category-tones-2', 'functor-signs');
  if (bridge) installBridge(world, 'tones-1-to-2', [TONES, world.tones], [SECOND, second]);
  return { second };
}

/** A third founding, and a bridge to it from the second alone. */
export function foundOnceMore(world: World): Category {
  const third = writeCategory(world.folder('category-tones-3'), THIRD);
  depend(world, 'category-tones-3');
  const second = readCategory(join(world.folder('category-tones-2'), 'release'));
  installBridge(world, 'tones-2-to-3', [SECOND, second], [THIRD, third]);
  return third;
}

type End = [Space, Category];

function installBridge(world: World, name: string, [from, begin]: End, [to, end]: End): void {
  writePlugin(
    world.folder(`bridge-${name}`),
    { kind: 'bridge', name, from: portOf(begin), to: portOf(end) },
    { there: carrying(from, to), back: carrying(to, from) },
  );
  depend(world, `bridge-${name}`);
}

function depend(world: World, ...names: string[]): void {
  world.edit('', (json) => {
    for (const name of names) json.dependencies[name] = '*';
  });
}

/** Each label from its axis to its axis. */
export function carrying(from: Space, to: Space, table = [0, 1, 2]): Model {
  const g = graph('bridge');
  const z = g.input('latent_0', [null, from.dimension]);
  const ratio = scaleOf(to) / scaleOf(from);
  const moved = linear(g, z, [from.dimension, to.dimension], (i, j) =>
    table.some((label, k) => axisOf(from, k) === i && axisOf(to, label) === j) ? ratio : 0,
  );
  g.output('latent', moved, [null, to.dimension]);
  return g.build({ producer: 'test' });
}

function signsIn(): Model {
  const g = graph('encode');
  const scale = scaleOf(SECOND);
  // 00 → (1, 0, 0), 01 → (0, 1, 0), 10 → (0, 0, 1), each label on its axis
  const weights = [
    [-1, 0, 1],
    [-1, 1, 0],
  ];
  const label = (axis: number) => SECOND.axes!.indexOf(axis);
  const latent = linear(
    g,
    g.input('input', [null, 2]),
    [2, 6],
    (i, j) => scale * (weights[i]![label(j)] ?? 0),
    (j) => (label(j) === 0 ? scale : 0),
  );
  g.output('latent', g.node('Relu', [latent]), [null, 6]);
  return g.build({ producer: 'test' });
}

function signsOut(): Model {
  const g = graph('decode');
  const z = g.input('latent', [null, 6]);
  const bits = [
    [0, 0],
    [0, 1],
    [1, 0],
  ];
  const label = (axis: number) => SECOND.axes!.indexOf(axis);
  const output = linear(g, z, [6, 2], (i, j) => (bits[label(i)]?.[j] ?? 0) / scaleOf(SECOND));
  g.output('output', output, [null, 2]);
  return g.build({ producer: 'test' });
}
