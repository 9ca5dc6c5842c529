import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The site as it was built: every link, and what a browser sees. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    name: 'built site',
    include: ['built/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
