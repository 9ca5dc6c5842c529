// Making one model of a chain: ours against Python's onnx.compose, both from models in memory to bytes.
import { fuse, readModel, writeModel } from '../../packages/onnx/dist/index.js';
import { CHAIN, deep, filesOf, hostOf } from './lib/chains.js';
import { judges, program } from './lib/python.js';
import { called, figure, inverse, turns } from './lib/turns.js';

export default async function ({ smoke, progress }) {
  const host = await hostOf();
  const python = program(judges(), 'compose.py');
  const figures = [];
  const sizes = new Map();
  for (const [count, limit] of [[1], [10], [100, { least: 20 }]]) {
    progress(`${count} morphisms`);
    const files = filesOf(host, deep('digits', count, 'roman'));
    const models = new Map();
    const parts = files.map(({ where, bytes }, index) => {
      if (!models.has(where)) models.set(where, { name: `part-${index}`, model: readModel(bytes) });
      return models.get(where);
    });
    const source = parts
      .slice(1, -1)
      .reduce((inner, morphism) => ({ kind: 'apply', morphism, sources: [inner] }), {
        kind: 'input',
        index: 0,
      });
    const chain = { inputs: [{ encode: parts[0] }], result: source, output: { decode: parts.at(-1) } };
    const ours = () => writeModel(fuse(chain));
    await python.ask({ files: files.map(({ where }) => where) });
    let theirs = 0;
    const composed = async () => {
      const { seconds, bytes } = await python.ask({ compose: true });
      theirs = bytes;
      return 1000 * seconds;
    };
    ours();
    const rounds = smoke ? 1 : count === 100 ? 3 : 7;
    const pair = await turns(
      called(ours, { time: smoke ? 5 : 200, iterations: smoke ? 1 : 5 }),
      composed,
      rounds,
    );
    sizes.set(count, { ours: ours().length, weights: weightsOf(fuse(chain)), theirs });
    figures.push(
      figure(`${count} morphism${count > 1 ? 's' : ''}: times as fast as onnx.compose`, inverse(pair), {
        limit,
        names: ['onnx.compose', 'fuse'],
      }),
    );
  }
  python.close();
  await host.close();
  const [ten, hundred] = [sizes.get(10), sizes.get(100)];
  figures.push(
    {
      what: 'bytes of weights of 100 morphisms of two plugins, against 10 of them',
      ratio: hundred.weights / ten.weights,
      limit: { most: 1 },
      raw: {
        ...Object.fromEntries([...sizes].map(([count, { weights }]) => [count, weights])),
        unit: 'bytes',
      },
    },
    {
      what: 'bytes that a further morphism adds to the file, against onnx.compose',
      ratio: (hundred.ours - ten.ours) / (hundred.theirs - ten.theirs),
      raw: {
        ...Object.fromEntries(
          [...sizes].flatMap(([n, { ours, theirs }]) => [
            [`fuse ${n}`, ours],
            [`onnx.compose ${n}`, theirs],
          ]),
        ),
        unit: 'bytes',
      },
    },
  );
  return {
    title: 'Fusing against onnx.compose',
    how: `${CHAIN.replace('add-one', 'add-one → times-two → …')}, from parsed models to the bytes of one; Python merges one model after the other (\`onnx.compose.merge_models\` with prefixes), as its documentation does. The size of the file grows with the plugins in it and, by their nodes only, with depth.`,
    figures,
  };
}

function weightsOf({ graph }) {
  return graph.initializer.reduce((sum, { rawData }) => sum + rawData.length, 0);
}
