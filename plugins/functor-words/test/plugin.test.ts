import { testPlugin } from '@deepfunctor/laws/vitest';

testPlugin(new URL('..', import.meta.url));
