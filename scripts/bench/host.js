// The host's run of tensors against a bare session of onnxruntime on the graph that the host runs.
import { CHAIN, graphOfHost, hostOf, rowsFor, runtime, SMALLEST, session } from './lib/chains.js';
import { called, figure, turns } from './lib/turns.js';

export default async function ({ smoke, progress }) {
  const host = await hostOf();
  const figures = [];
  for (const [text, rows, limit] of [
    [CHAIN, 1, { most: 1.05 }],
    [CHAIN, 256, { most: 1.01 }],
    [SMALLEST, 1],
    [SMALLEST, 256],
  ]) {
    progress(`${text}, batch ${rows}`);
    const chain = host.compose(text);
    const bare = await session(graphOfHost(host, text));
    const { values, dims } = rowsFor(chain, rows);
    const ours = () => chain.runTensors([values], rows);
    const theirs = () => bare.run({ input: new runtime.Tensor('float32', values, dims) });
    const [{ output }, other] = [await ours(), await theirs()];
    if (output.some((value, i) => value !== other.output.data[i])) throw new Error('the answers differ');
    const time = { time: smoke ? 5 : 150, iterations: smoke ? 1 : 3 };
    const pair = await turns(called(ours, time), called(theirs, time), smoke ? 2 : 41);
    figures.push(
      figure(`${text}, batch ${rows}: time of the host’s run`, pair, {
        limit,
        names: ['host', 'bare session'],
      }),
    );
  }
  await host.close();
  return {
    title: 'The host against the bare runtime',
    how: '`chain.runTensors` (checks, styles, sessions, distributions) against `session.run` of onnxruntime-node on the same bytes, one thread each. The last two are the smallest chain there is: what the host adds is seen best there.',
    figures,
  };
}
