import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The packages as a user gets them. One project is installed for all files, so they take turns. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    name: 'e2e',
    include: ['e2e/**/*.e2e.ts'],
    globalSetup: 'e2e/install.ts',
    fileParallelism: false,
    testTimeout: 120_000,
  },
});
