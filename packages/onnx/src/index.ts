/** Read, check, describe and build ONNX models. */
export { type Attribute, attribute } from './attributes.js';
export * from './builder.js';
export { describe, type ModelDescription } from './describe.js';
export * from './model.js';
export type { DeclaredPort, ModelPort, Shape } from './shape.js';
export type { TensorData } from './tensor.js';
