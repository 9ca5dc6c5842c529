import { DeepFunctorError } from '@deepfunctor/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readModel, writeModel } from '../src/index.js';
import { perceptron } from './models.js';

function errorOf(bytes: Uint8Array): DeepFunctorError {
  try {
    readModel(bytes, 'encode.onnx');
  } catch (thrown) {
    if (thrown instanceof DeepFunctorError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

test.each<[string, Uint8Array, string]>([
  ['nothing', new Uint8Array(), 'it has no graph'],
  ['a text', new TextEncoder().encode('not a model'), 'it cannot be parsed ('],
  ['a file cut short', writeModel(perceptron()).subarray(0, 100), 'it cannot be parsed ('],
  ['a graph without nodes', new Uint8Array([0x3a, 0x00]), 'its graph has no node'],
])('%s is no model', (_, bytes, reason) => {
  const error = errorOf(bytes);
  expect([error.code, error.where]).toEqual(['WEIGHTS_BROKEN', 'encode.onnx']);
  expect(error.what).toContain(`The file is not a usable ONNX model: ${reason}`);
  expect(error.todo).toBe('Install the package again; its author can check the file with onnx.checker.');
});

test('any bytes are a model or a coded error', () => {
  const valid = writeModel(perceptron());
  const damaged = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
    .map(([at, value, length]) => valid.with(at, value).subarray(0, length));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), damaged), (bytes) => {
      try {
        readModel(bytes);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(DeepFunctorError);
      }
    }),
    { numRuns: 1000 },
  );
});
