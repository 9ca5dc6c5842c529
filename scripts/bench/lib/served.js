// The server's benchmark, told as the others are.
import { serveBench } from '../serve.js';

export default async function ({ smoke }) {
  const { name, ratio, details } = await serveBench(smoke ? { rounds: 1, seconds: 1 } : {});
  const { requestsPerSecond, chain, connections } = details;
  return {
    title: 'Serving',
    how: `Requests of one row by ${connections} connections at saturation, ${chain}: \`deepfunctor serve\` against Python’s onnxruntime behind FastAPI and uvicorn on the same file, whichever of its two ways is faster.`,
    figures: [{ what: name, ratio, limit: { least: 2 }, raw: { ...requestsPerSecond, unit: 'requests/s' } }],
  };
}
