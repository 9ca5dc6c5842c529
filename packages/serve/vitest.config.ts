import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'serve', include: ['test/**/*.test.ts'], setupFiles: ['../../scripts/test-seed.ts'] },
});
