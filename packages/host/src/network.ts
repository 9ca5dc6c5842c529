/** One model, of a file or of a whole chain: opened when first needed, and run in batches. */
import { DeepFunctorError, fail, reasonOf } from '@deepfunctor/core';
import type { ModelPort, ModelPorts } from '@deepfunctor/onnx';
import type { InferenceSession } from 'onnxruntime-common';
import type { Runtime } from './runtime.js';

/** Float32 values by port, row-major, `rows` rows each. */
export type Tensors = Readonly<Record<string, Float32Array>>;

/** A model that can be run. */
export interface Network {
  /** The file or chain, for messages. */
  where: string;
  /** Run a batch of any number of rows. Errors: those of `open`, INPUT_TENSOR. */
  run(inputs: Tensors, rows: number): Promise<Record<string, Float32Array>>;
  /** Get the bytes and open a session; once only. Errors: those of the bytes, ENGINE_MISSING, WEIGHTS_BROKEN. */
  open(): Promise<void>;
  /** Give the session back; the next run opens it again. */
  close(): Promise<void>;
}

/** More rows than this are run piece by piece, so that memory does not grow with the batch. */
const PIECE = 256;

/** The network of a model that has these ports; `bytes` gives its file. Opens nothing yet. */
export function network(
  runtime: () => Promise<Runtime>,
  where: string,
  ports: ModelPorts,
  bytes: () => Uint8Array,
): Network {
  let opened: Promise<{ session: InferenceSession; engine: Runtime }> | undefined;
  // An engine may refuse two runs of a session at a time, so each waits for the one before it.
  let turn: Promise<unknown> = Promise.resolve();

  const openOnce = async () => {
    const content = bytes();
    const engine = await runtime();
    return { engine, session: await engine.open(content).catch((cause) => broken(where, cause)) };
  };
  const open = () => {
    opened ??= openOnce();
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };

  const run = async (inputs: Tensors, rows: number) => {
    checkInputs(ports.inputs, inputs, rows, where);
    const { session, engine } = await open();
    const pieces: Record<string, Float32Array>[] = [];
    for (let from = 0; from < rows; from += PIECE)
      pieces.push(await runPiece(session, engine, from, Math.min(rows, from + PIECE), inputs));
    if (pieces.length === 1) return pieces[0]!;
    return Object.fromEntries(ports.outputs.map((port) => [port.name, joined(port, pieces, rows)]));
  };

  const runPiece = async (
    session: InferenceSession,
    { Tensor }: Runtime,
    from: number,
    to: number,
    inputs: Tensors,
  ) => {
    const feeds = Object.fromEntries(
      ports.inputs.map((port) => {
        const size = rowSize(port);
        const values = inputs[port.name]!.slice(from * size, to * size);
        return [port.name, new Tensor('float32', values, [to - from, ...sides(port)])];
      }),
    );
    const results = await session.run(feeds).catch((cause) => broken(where, cause));
    return Object.fromEntries(
      ports.outputs.map((port) => {
        const { data, dims } = results[port.name]!;
        if (!(data instanceof Float32Array) || dims.join() !== [to - from, ...sides(port)].join())
          broken(where, `its output “${port.name}” came as [${dims}], not [${[to - from, ...sides(port)]}]`);
        return [port.name, data as Float32Array];
      }),
    );
  };

  return {
    where,
    run(inputs, rows) {
      const result = turn.then(() => run(inputs, rows));
      turn = result.catch(() => undefined);
      return result;
    },
    async open() {
      await open();
    },
    async close() {
      await turn;
      const closing = opened;
      opened = undefined;
      const { session } = (await closing?.catch(() => undefined)) ?? {};
      await session?.release();
    },
  };
}

/** Values in one row of a port. */
export function rowSize(port: ModelPort): number {
  return sides(port).reduce((product, side) => product * side, 1);
}

function sides({ shape }: ModelPort): number[] {
  return shape.slice(1).map((side) => side!);
}

function checkInputs(ports: readonly ModelPort[], inputs: Tensors, rows: number, where: string): void {
  for (const port of ports) {
    const values = inputs[port.name];
    const refuse = (reason: string) =>
      fail('INPUT_TENSOR', {
        where,
        name: port.name,
        reason,
        shape: `[${[rows, ...sides(port)].join(', ')}]`,
      });
    if (!(values instanceof Float32Array)) refuse('it is no float32 array');
    else if (values.length !== rows * rowSize(port)) refuse(`it has ${values.length} values`);
    else if (!values.every(Number.isFinite)) refuse('a value is not finite');
  }
}

function joined(
  port: ModelPort,
  pieces: readonly Record<string, Float32Array>[],
  rows: number,
): Float32Array {
  const out = new Float32Array(rows * rowSize(port));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece[port.name]!, at);
    at += piece[port.name]!.length;
  }
  return out;
}

function broken(where: string, cause: unknown): never {
  if (cause instanceof DeepFunctorError) throw cause;
  return fail('WEIGHTS_BROKEN', { where, reason: reasonOf(cause).trim(), cause });
}
