/** The tones of world.ts founded again: release 2.0.0 with another D and norm, and a bridge between the two. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCategory } from '@deepfunctor/core';
import type { Model } from '@deepfunctor/onnx';
import {
  buildWorld,
  mapped,
  portOf,
  type Space,
  TONES,
  type World,
  writeCategory,
  writePlugin,
} from './world.js';

export const SECOND: Space = { ...TONES, dimension: 6, norm: 3, version: '2.0.0' };
const SAME = [0, 1, 2];

/** A world with the second release and a bridge of these models. */
export function withBridge(there: Model, back: Model): World {
  const world = buildWorld();
  const second = writeCategory(world.folder('category-tones-2'), SECOND);
  const first = readCategory(join(world.folder('category-tones'), 'release'));
  const manifest = { kind: 'bridge', name: 'tones-1-to-2', from: portOf(first), to: portOf(second) };
  writePlugin(world.folder('tones-1-to-2'), manifest, { there, back });
  const file = join(world.project, 'package.json');
  const json = JSON.parse(readFileSync(file, 'utf8'));
  Object.assign(json.dependencies, { 'category-tones-2': '*', 'tones-1-to-2': '*' });
  writeFileSync(file, JSON.stringify(json));
  return world;
}

/** Right bridges, or with a table wrong ones. */
export const there = (table = SAME) => mapped(TONES, SECOND, table);
export const back = (table = SAME) => mapped(SECOND, TONES, table);
