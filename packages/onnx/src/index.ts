/** Read, check, describe and build ONNX models. */
export { type Attribute, attribute } from './attributes.js';
export * from './builder.js';
export { checkModel, type ModelPorts } from './check.js';
export { describe, type ModelDescription } from './describe.js';
export * from './fuse.js';
export {
  type BuildOptions,
  type Model,
  opsetOf,
  readModel,
  writeModel,
} from './model.js';
export { OPSET_MAX, OPSET_MIN } from './operators.js';
export type { FusedPart, FuseSource, Part } from './parts.js';
export type { DeclaredPort, ModelPort, Shape } from './shape.js';
export type { TensorData } from './tensor.js';
