import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The packages as a user gets them: from tarballs, and from a registry. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    // One project is installed for all files, and two cores are soon busy: they take turns.
    fileParallelism: false,
    projects: [
      {
        test: {
          name: 'e2e',
          include: ['e2e/*.e2e.ts'],
          globalSetup: 'e2e/install.ts',
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'registry',
          include: ['e2e/registry/*.e2e.ts'],
          testTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
