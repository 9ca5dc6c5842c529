import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'create-deepfunctor',
    include: ['test/**/*.test.ts'],
    setupFiles: ['../../scripts/test-seed.ts'],
  },
});
