export { type LabelledImages, readMnist } from './data/idx.js';
export { openEngine } from './engine.js';
export { type EvaluateOptions, evaluate, type Report } from './fuzzy-digits/evaluate/index.js';
export { type LearnBridgeOptions, learnBridgePlugin } from './learn/bridge-plugin.js';
export {
  type LearnFunctorOptions,
  type LearnMorphismOptions,
  type LearnReport,
  learnFunctorPlugin,
  learnMorphismPlugin,
} from './learn/index.js';
export { conv, dense, normalise, Parameters, type Weight, type Weights } from './nn.js';
export { Random } from './random.js';
