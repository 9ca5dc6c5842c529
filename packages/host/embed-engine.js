// Puts the engine that needs no installation beside the compiled host: three files of onnxruntime-web.
// Of the package itself these are a tenth, and it brings a dependency with an install script, at which pnpm stops.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const from = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
const to = fileURLToPath(new URL('dist/onnxruntime-web', import.meta.url));
mkdirSync(to, { recursive: true });
for (const name of ['ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'])
  copyFileSync(join(from, name), join(to, name));
const module = 'ort.node.min.mjs';
// Without the address of a source map that does not come along.
const code = readFileSync(join(from, module), 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
writeFileSync(join(to, module), code);
copyFileSync(new URL('onnxruntime-web.LICENSE', import.meta.url), join(to, 'LICENSE'));
