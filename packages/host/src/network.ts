/** One model, of a file or of a whole chain: opened when first needed, and run in batches. */
import { DeepFunctorError, fail, reasonOf } from '@deepfunctor/core';
import type { ModelPort, ModelPorts } from '@deepfunctor/onnx';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
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

/** A session, and the engine that it runs in. */
interface Opened {
  session: InferenceSession;
  engine: Runtime;
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
  let opened: Promise<Opened> | undefined;
  /** What `opened` came to. */
  let ready: Opened | undefined;
  // An engine may refuse two runs of a session at a time, so each waits for the one before it.
  let turn: Promise<unknown> = Promise.resolve();

  const openOnce = async () => {
    const content = bytes();
    const engine = await runtime();
    return { engine, session: await engine.open(content).catch((cause) => broken(where, cause)) };
  };
  const open = () => {
    if (opened !== undefined) return opened;
    const opening = openOnce();
    opened = opening;
    opening.then(
      (result) => {
        if (opened === opening) ready = result;
      },
      () => {
        opened = undefined;
      },
    );
    return opening;
  };
  const taken = ports.inputs.map(sized);
  const given = ports.outputs.map(sized);

  const run = async (inputs: Tensors, rows: number) => {
    for (const port of taken) checkInput(port, inputs[port.name], rows, where);
    const { session, engine } = ready ?? (await open());
    if (rows <= PIECE && rows > 0) return runPiece(session, engine, inputs, rows);
    const out = Object.fromEntries(given.map(({ name, size }) => [name, new Float32Array(rows * size)]));
    for (let from = 0; from < rows; from += PIECE) {
      const to = Math.min(rows, from + PIECE);
      const part: Record<string, Float32Array> = {};
      for (const { name, size } of taken) part[name] = inputs[name]!.subarray(from * size, to * size);
      const piece = await runPiece(session, engine, part, to - from);
      for (const { name, size } of given) out[name]!.set(piece[name]!, from * size);
    }
    return out;
  };

  // What a batch costs beside the session's own work is spent here: nothing is copied, and little made.
  const runPiece = async (
    session: InferenceSession,
    { Tensor }: Runtime,
    inputs: Tensors,
    rows: number,
  ): Promise<Record<string, Float32Array>> => {
    const feeds: Record<string, Tensor> = {};
    for (const { name, sides } of taken) feeds[name] = new Tensor('float32', inputs[name]!, [rows, ...sides]);
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await session.run(feeds);
    } catch (cause) {
      return broken(where, cause);
    }
    const found: Record<string, Float32Array> = {};
    for (const { name, sides } of given) {
      const { data, dims } = results[name]!;
      const fits = dims.length === sides.length + 1 && sides.every((side, axis) => dims[axis + 1] === side);
      if (!(data instanceof Float32Array && fits && dims[0] === rows))
        broken(where, `its output “${name}” came as [${dims}], not [${[rows, ...sides]}]`);
      found[name] = data as Float32Array;
    }
    return found;
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
      [opened, ready] = [undefined, undefined];
      const { session } = (await closing?.catch(() => undefined)) ?? {};
      await session?.release();
    },
  };
}

/** Whether all values are numbers. In a product with 0 infinities and NaN give NaN: no branch, no call for a value. */
export function areFinite(values: Float32Array): boolean {
  const whole = values.length & ~3;
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let at = 0; at < whole; at += 4) {
    a += values[at]! * 0;
    b += values[at + 1]! * 0;
    c += values[at + 2]! * 0;
    d += values[at + 3]! * 0;
  }
  for (let at = whole; at < values.length; at++) a += values[at]! * 0;
  return a + b + c + d === 0;
}

/** Values in one row of a port. */
export function rowSize(port: ModelPort): number {
  return sidesOf(port).reduce((product, side) => product * side, 1);
}

/** A port as it is used again and again: its sides after the first, and their product. */
interface Sized {
  name: string;
  sides: number[];
  size: number;
}

function sized(port: ModelPort): Sized {
  return { name: port.name, sides: sidesOf(port), size: rowSize(port) };
}

function sidesOf({ shape }: ModelPort): number[] {
  return shape.slice(1).map((side) => side!);
}

function checkInput(
  { name, sides, size }: Sized,
  values: Float32Array | undefined,
  rows: number,
  where: string,
): void {
  const refuse = (reason: string) =>
    fail('INPUT_TENSOR', { where, name, reason, shape: `[${[rows, ...sides].join(', ')}]` });
  if (!(values instanceof Float32Array)) refuse('it is no float32 array');
  else if (values.length !== rows * size) refuse(`it has ${values.length} values`);
  else if (!areFinite(values)) refuse('a value is not finite');
}

function broken(where: string, cause: unknown): never {
  if (cause instanceof DeepFunctorError) throw cause;
  return fail('WEIGHTS_BROKEN', { where, reason: reasonOf(cause).trim(), cause });
}
