// The native engine against the WebAssembly one, both through the host.
import { CHAIN, hostOf, rowsFor } from './lib/chains.js';
import { called, figure, inverse, turns } from './lib/turns.js';

export default async function ({ smoke, progress }) {
  const hosts = [await hostOf({ engine: 'node' }), await hostOf({ engine: 'web' })];
  const figures = [];
  for (const rows of [1, 256]) {
    progress(`batch ${rows}`);
    const sides = hosts.map((host) => {
      const chain = host.compose(CHAIN);
      const { values } = rowsFor(chain, rows);
      return () => chain.runTensors([values], rows);
    });
    for (const side of sides) await side();
    const time = { time: smoke ? 5 : 300, iterations: smoke ? 1 : 3 };
    const [node, wasm] = sides.map((side) => called(side, time));
    const pair = inverse(await turns(node, wasm, smoke ? 2 : 9));
    figures.push(
      figure(`${CHAIN}, batch ${rows}: times as fast natively`, pair, { names: ['wasm', 'native'] }),
    );
  }
  for (const host of hosts) await host.close();
  return {
    title: 'Native engine against WebAssembly',
    how: 'onnxruntime-node against onnxruntime-web, which the host carries and which needs no installation; one thread each.',
    figures,
  };
}
