// One graph against a session for each model of the chain.
import { deep, filesOf, hostOf, rowsFor, runtime, session } from './lib/chains.js';
import { called, figure, inverse, turns } from './lib/turns.js';

export default async function ({ smoke, progress }) {
  const host = await hostOf();
  const figures = [];
  for (const [from, count, limit] of [
    ['binary', 1, { least: 1.3 }],
    ['binary', 100, { least: 2.8 }],
    ['digits', 1],
    ['digits', 100],
  ]) {
    const text = deep(from, count, 'roman');
    const short = `${from} → ${count} morphism${count > 1 ? 's' : ''} → roman`;
    progress(short);
    const chain = host.compose(text);
    const { values, dims } = rowsFor(chain, 1);
    const one = await session((await chain.toOnnx()).bytes);
    const open = new Map();
    const several = [];
    for (const { where, bytes } of filesOf(host, text)) {
      if (!open.has(where)) open.set(where, await session(bytes));
      several.push(open.get(where));
    }
    const input = () => new runtime.Tensor('float32', values, dims);
    const fused = async () => (await one.run({ input: input() })).output;
    const separate = async () => {
      let { latent } = await several[0].run({ input: input() });
      for (const morphism of several.slice(1, -1)) ({ latent } = await morphism.run({ latent_0: latent }));
      return (await several.at(-1).run({ latent })).output;
    };
    const [a, b] = [(await fused()).data, (await separate()).data];
    if (a.some((value, i) => Math.abs(value - b[i]) > 1e-5)) throw new Error('the answers differ');
    const time = { time: smoke ? 5 : 120, iterations: smoke ? 1 : 3 };
    const pair = inverse(await turns(called(fused, time), called(separate, time), smoke ? 2 : 31));
    figures.push(
      figure(`${short}, batch 1: one graph, times as fast`, pair, {
        limit,
        names: ['separate sessions', 'fused'],
      }),
    );
  }
  await host.close();
  return {
    title: 'One graph against separate sessions',
    how: 'Bare sessions on both sides: the exported file, against encode, morphisms and decode one after the other, each in a session of its own. From binary, where the encoder is as small as a morphism; from digits the encoder, the same on both sides, is most of the work.',
    figures,
  };
}
