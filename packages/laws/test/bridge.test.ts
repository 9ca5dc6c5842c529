/** The laws of a bridge, in the world of the tones: between its release 1.4.0 and a second one of other D and norm. */
import { openHost } from '@deepfunctor/host';
import { graph, type Model } from '@deepfunctor/onnx';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bridgeLaws, type Finding, verify } from '../src/index.js';
import { back, SECOND, there, withBridge } from './second.js';
import { believed, built, constant, linear, normalised, type Space, TONES, written } from './world.js';

async function findings(there: Model, back: Model, plugins?: string[]): Promise<Finding[]> {
  const world = withBridge(there, back);
  const host = await openHost({ cwd: world.project });
  onTestFinished(() => host.close());
  expect(host.setAside).toEqual([]);
  return verify({ host, plugins, samples: 60 });
}

async function failures(there: Model, back: Model): Promise<Record<string, string>> {
  const found = await findings(there, back, ['tones-1-to-2']);
  expect(found.map(({ law }) => law)).toEqual(bridgeLaws.map(({ name }) => name));
  return Object.fromEntries(found.filter(({ holds }) => !holds).map(({ law, detail }) => [law, detail]));
}

/** A bridge whose latents are made of the belief by `bend`. */
function bent(from: Space, to: Space, bend: (g: ReturnType<typeof graph>, p: string) => string): Model {
  const g = graph('bridge');
  const p = believed(g, g.input('latent_0', [null, from.dimension]), from);
  g.output('latent', bend(g, p), [null, to.dimension]);
  return built(g);
}

test('where a bridge is right all laws hold, its own and those of the plugins on its one end', async () => {
  const found = await findings(there(), back());
  expect(found.filter(({ holds }) => !holds)).toEqual([]);
  const own = found.filter(({ of }) => of === 'bridge');
  expect(own.map(({ plugin, law }) => `${plugin} ${law}`)).toEqual(
    bridgeLaws.map(({ name }) => `tones-1-to-2 ${name}`),
  );
  for (const { figure, limit } of own) {
    expect(figure).not.toBeNull();
    expect(figure).toBeLessThanOrEqual(limit);
  }
});

describe('a wrong bridge is caught', () => {
  test('that takes labels for others, though it comes back right', async () => {
    const found = await failures(there([1, 2, 0]), back([2, 0, 1]));
    expect(Object.keys(found)).toEqual(['belief', 'label']);
    expect(found.label).toMatch(
      /^\d+ of \d+ clear latents change their label, 1\.4\.0 to 2\.0\.0; “c” becomes “e”$/,
    );
  });

  test('whose way back is wrong alone', async () => {
    const found = await failures(there(), back([0, 2, 1]));
    expect(Object.keys(found)).toEqual(['belief', 'label', 'returns']);
    expect(found.belief).toContain('2.0.0 to 1.4.0');
    expect(found.returns).toMatch(
      /mean total variation after \d+ time\(s\) from (1\.4\.0 to 2\.0\.0|2\.0\.0 to 1\.4\.0) and back/,
    );
  });

  test('that misses the norm of the other space', async () => {
    const short = bent(TONES, SECOND, (g, p) => written(g, p, SECOND, { scale: 0.9 }));
    const found = await failures(short, back());
    expect(Object.keys(found)).toEqual(['lands']);
    expect(found.lands).toContain('1.4.0 to 2.0.0: the norm is 2.7000, not 3 ± 0.01');
  });

  test('that leaves the support', async () => {
    const hidden = bent(TONES, SECOND, (g, p) => written(g, p, SECOND, { hidden: 0.5 }));
    expect((await failures(hidden, back())).lands).toContain('the distance from the space is');
  });

  test('that keeps labels but blurs beliefs', async () => {
    const blurred = bent(TONES, SECOND, (g, p) =>
      written(g, normalised(g, g.node('Add', [p, constant(g, 0.05)])), SECOND),
    );
    const found = await failures(blurred, back());
    expect(Object.keys(found)).toEqual(['belief', 'returns']);
    expect(found.belief).toContain('1.4.0 to 2.0.0');
  });

  test('that sharpens doubt away', async () => {
    const sure = bent(TONES, SECOND, (g, p) => {
      const squared = g.node('Mul', [p, p]);
      return written(g, normalised(g, g.node('Mul', [squared, squared])), SECOND);
    });
    const found = await failures(sure, back());
    expect(Object.keys(found)).toEqual(['belief', 'returns']);
    expect(found.belief).toContain('ambiguous');
  });

  test('that gives what is no number', async () => {
    const g = graph('bridge');
    const z = g.input('latent_0', [null, 5]);
    const nothing = linear(g, z, [5, 6], () => 0);
    g.output('latent', g.node('Div', [nothing, nothing]), [null, 6]);
    const found = await failures(built(g), back());
    expect(found.lands).toContain('a value is not finite');
    expect(Object.keys(found)).toEqual(bridgeLaws.map(({ name }) => name));
  });
});
