/** Properties are tried on the same examples every time; DEEPFUNCTOR_TEST_SEED=n tries others. */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.DEEPFUNCTOR_TEST_SEED ?? 1) });
