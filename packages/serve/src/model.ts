/** A chain that is served: its fused graph in one session, behind a batcher. */
import { sha256 } from '@deepfunctor/core';
import { type Chain, network, type Runtime, type Tensors } from '@deepfunctor/host';
import { type Batching, batcher, type Caller } from './batcher.js';
import type { Metrics } from './metrics.js';
import type { Ports } from './tensors.js';

/** The only version of every model: other plugins are another server, or a reload. */
export const VERSION = '1';

export interface Model extends Ports {
  /** As requests name it: the name of the configuration, or the text of the chain. */
  name: string;
  /** The text of the chain. */
  chain: string;
  /** Of the graph, as `deepfunctor export` writes it. */
  sha256: string;
  maxBatch: number;
  /** Run rows, with those of other requests. See `Batcher`. Errors: WEIGHTS_BROKEN. */
  ask(inputs: Tensors, rows: number, caller?: Caller): Promise<Tensors>;
  /** Give the session back as soon as nothing waits for it. What is asked later is still answered. */
  retire(): Promise<void>;
}

export interface ModelOptions extends Batching {
  name: string;
  withDistribution: boolean;
  /** What metrics call it. */
  label: string;
  metrics: Metrics;
}

/** Fuse a chain and open its session. Errors: WEIGHTS_…, FUSION_OPSET, ENGINE_MISSING. */
export async function openModel(
  chain: Chain,
  runtime: () => Promise<Runtime>,
  { name, withDistribution, label, metrics, ...batching }: ModelOptions,
): Promise<Model> {
  const file = await chain.toOnnx({ distribution: withDistribution });
  const session = network(runtime, chain.text, file, () => file.bytes);
  await session.open();
  const batch = batcher(
    (inputs, rows) => session.run(inputs, rows),
    batching,
    (rows, requests, seconds) => {
      metrics.batchRows.observe({ model: label }, rows);
      metrics.batchRequests.observe({ model: label }, requests);
      metrics.runSeconds.observe({ model: label }, seconds);
    },
  );
  let retired = false;
  const closeIfIdle = async () => {
    if (retired && batch.idle) await session.close();
  };
  return {
    name,
    chain: chain.text,
    sha256: sha256(file.bytes),
    maxBatch: batching.maxBatch,
    inputs: file.inputs,
    outputs: file.outputs,
    ask(inputs, rows, caller) {
      const values = batch.ask(inputs, rows, caller);
      // Not before the batcher has seen that its run is over.
      if (retired) void values.catch(() => {}).finally(() => setImmediate(closeIfIdle));
      return values;
    },
    async retire() {
      retired = true;
      while (!batch.idle) await new Promise((resolve) => setTimeout(resolve, 5));
      await closeIfIdle();
    },
  };
}
