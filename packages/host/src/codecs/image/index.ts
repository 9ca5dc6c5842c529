/** Pictures ↔ tensors: pure functions, of which the codec, training and evaluation all use the same. */
export { type Frame, fitGlyph } from './glyph.js';
export { type Gray, grayOf, type Rgba } from './gray.js';
export { fitPicture } from './picture.js';
export { SIDE_MAX, SIDE_MIN, toGray, toPng } from './png.js';
