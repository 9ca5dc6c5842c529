/** Programs of other people that tests ask for their judgement; .ci/run installs all of them. */
import { fileURLToPath } from 'node:url';

/** Python with onnx, onnxruntime and check-jsonschema, where scripts/python-env.sh has installed it. */
export const python = fileURLToPath(new URL('../node_modules/.cache/python/bin/python', import.meta.url));

/** Whether tests are left out whose judge is absent. Where DEEPFUNCTOR_REQUIRE_JUDGES is set they run, and fail. */
export const leftOut = (absent: unknown): boolean =>
  Boolean(absent) && !process.env.DEEPFUNCTOR_REQUIRE_JUDGES;
