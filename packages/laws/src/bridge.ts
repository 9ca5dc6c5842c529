/** The laws of a bridge: whatever it carries from one release's space to the other's keeps its belief, both ways. */
import type { Category } from '@deepfunctor/core';
import type { Bridge, Way } from '@deepfunctor/host';
import { benchOf, chosen } from './bench.js';
import { type BridgeLaw, measured, type Subject } from './law.js';
import { concat, gather, likeliest, mean, variations, wrongs } from './rows.js';
import { batchBound, strayed } from './space.js';
import { CROSSINGS, NOISE, TOLERANCES } from './tolerances.js';
import { noised } from './tuples.js';

/** One direction of a bridge, with reference latents of the space that it begins in. */
interface Direction {
  way: Way;
  from: Category;
  to: Category;
  /** Clear and ambiguous rows: `[n, D]`, and the likeliest label of each. */
  clear: Part;
  ambiguous: Part;
}
interface Part {
  rows: number;
  latents: Float32Array;
  labels: number[];
}

function directions(subject: Subject<Bridge>): Direction[] {
  const { from, to } = subject.plugin;
  const bench = benchOf(subject);
  return [{ way: 'there', from, to } as const, { way: 'back', from: to, to: from } as const].map((each) => {
    const sample = bench.sample(each.from);
    const pick = bench.picker(`bridge ${subject.plugin.name} ${each.way}`);
    const part = (all: readonly number[]): Part => {
      const rows = chosen(all, bench.samples, pick);
      const latents = gather(sample.latents, each.from.dimension, rows);
      return { rows: rows.length, latents, labels: rows.map((row) => sample.labels[row]!) };
    };
    return { ...each, clear: part(sample.clear), ambiguous: part(sample.ambiguous) };
  });
}

const told = ({ from, to }: Direction) => `${from.version} to ${to.version}`;
const quoted = ({ labels }: Category, label: number) => `“${labels[label]!.name}”`;

const lands: BridgeLaw = {
  name: 'lands',
  of: 'bridge',
  statement:
    'what it carries is finite, of the norm and within the support of the other space, both ways; a row in a batch equals the row alone',
  tolerance: TOLERANCES.lands,
  async check(subject) {
    const { host, plugin } = subject;
    const bench = benchOf(subject);
    const found = { count: 0, rows: 0, first: '' };
    for (const direction of directions(subject)) {
      const { way, from, to, clear, ambiguous } = direction;
      const latents = concat([clear.latents, ambiguous.latents]);
      const labels = [...clear.labels, ...ambiguous.labels];
      const carry = (z: Float32Array) => host.cross(plugin.name, way, z);
      const stray = await strayed(bench, to, await carry(latents));
      const alone = (rows: readonly number[]) => carry(gather(latents, from.dimension, rows));
      const bound = await batchBound(alone, labels.length, to.norm.value);
      const { count, first } = wrongs(labels.length, (row) => {
        const problem = stray(row) ?? bound(row);
        return problem && `${quoted(from, labels[row]!)}, ${told(direction)}: ${problem}`;
      });
      found.count += count;
      found.rows += labels.length;
      found.first ||= first;
    }
    const { count, rows, first } = found;
    const detail = `${count} of ${rows} latents are off${first && `; ${first}`}`;
    return measured(rows === 0 ? 0 : count / rows, TOLERANCES.lands, detail);
  },
};

const belief: BridgeLaw = {
  name: 'belief',
  of: 'bridge',
  statement: 'the probe of the one space reads what that of the other reads, clear and ambiguous, both ways',
  tolerance: TOLERANCES.belief,
  async check(subject) {
    const { host, plugin } = subject;
    let worst = { figure: -1, detail: '' };
    for (const direction of directions(subject))
      for (const [kind, part] of [
        ['clear', direction.clear],
        ['ambiguous', direction.ambiguous],
      ] as const) {
        if (part.rows === 0) continue;
        const before = await host.probe(direction.from, part.latents);
        const after = await host.probe(
          direction.to,
          await host.cross(plugin.name, direction.way, part.latents),
        );
        const all = variations(before, after, direction.to.labels.length);
        const most = all.indexOf(Math.max(...all));
        const row = `${all[most]!.toPrecision(2)} of a row that is likeliest ${quoted(direction.from, part.labels[most]!)}`;
        const detail = `mean total variation of ${kind} latents, ${told(direction)}, at most ${row}`;
        if (!(mean(all) <= worst.figure)) worst = { figure: mean(all), detail };
      }
    return measured(worst.figure, TOLERANCES.belief, worst.detail);
  },
};

const label: BridgeLaw = {
  name: 'label',
  of: 'bridge',
  statement: `clear latents keep their label, also with noise of ${NOISE} of the norm, both ways`,
  tolerance: TOLERANCES.label,
  async check(subject) {
    const { host, plugin, seed } = subject;
    let worst = { share: -1, detail: '' };
    for (const direction of directions(subject)) {
      const { way, from, to, clear } = direction;
      for (const [kind, z] of [
        ['clear', clear.latents],
        ['noised', noised(clear.latents, from, NOISE, seed)],
      ] as const) {
        const carried = await host.probe(to, await host.cross(plugin.name, way, z));
        const read = likeliest(carried, to.labels.length);
        const { share, count, rows, first } = wrongs(clear.rows, (row) =>
          read[row] === clear.labels[row]
            ? undefined
            : `${quoted(from, clear.labels[row]!)} becomes ${quoted(to, read[row]!)}`,
        );
        const detail = `${count} of ${rows} ${kind} latents change their label, ${told(direction)}${first && `; ${first}`}`;
        if (share > worst.share) worst = { share, detail };
      }
    }
    return measured(worst.share, TOLERANCES.label, worst.detail);
  },
};

const returns: BridgeLaw = {
  name: 'returns',
  of: 'bridge',
  statement: `there and back is the identity in what the probe reads, once and ${CROSSINGS.at(-1)} times`,
  tolerance: TOLERANCES.returns,
  async check(subject) {
    const { host, plugin } = subject;
    let worst = { figure: -1, detail: '' };
    for (const direction of directions(subject)) {
      const { way, from, clear, ambiguous } = direction;
      const start = concat([clear.latents, ambiguous.latents]);
      const before = await host.probe(from, start);
      let [latents, done] = [start, 0];
      for (const times of CROSSINGS) {
        for (; done < times; done++) {
          const away = await host.cross(plugin.name, way, latents);
          latents = await host.cross(plugin.name, way === 'there' ? 'back' : 'there', away);
        }
        const figure = mean(variations(before, await host.probe(from, latents), from.labels.length));
        const detail = `mean total variation after ${times} time(s) from ${told(direction)} and back`;
        if (!(figure <= worst.figure)) worst = { figure, detail };
      }
    }
    return measured(worst.figure, TOLERANCES.returns, worst.detail);
  },
};

/** The laws of a bridge. */
export const bridgeLaws: readonly BridgeLaw[] = [lands, belief, label, returns];
