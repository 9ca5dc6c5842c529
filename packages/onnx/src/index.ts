/** Read, check, describe and build ONNX models. */
export { type Attribute, attribute } from './attributes.js';
export * from './builder.js';
export { checkModel, type ModelPorts } from './check.js';
export { describe, type ModelDescription } from './describe.js';
export * from './model.js';
export { OPSET_MAX, OPSET_MIN } from './operators.js';
export type { DeclaredPort, ModelPort, Shape } from './shape.js';
export type { TensorData } from './tensor.js';
