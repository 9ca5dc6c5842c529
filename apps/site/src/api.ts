/** The reference of the API: the docstrings of the packages' entry points, one page for each. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, type TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import { pagesFolder, repositoryUrl, root } from './repository.js';

/** Entry points by the name that is imported. */
const ENTRIES = {
  '@deepfunctor/core': 'packages/core/src/index.ts',
  '@deepfunctor/onnx': 'packages/onnx/src/index.ts',
  '@deepfunctor/host': 'packages/host/src/index.ts',
  '@deepfunctor/laws': 'packages/laws/src/index.ts',
  '@deepfunctor/laws/vitest': 'packages/laws/src/vitest.ts',
  '@deepfunctor/train': 'packages/train/src/index.ts',
};

/** Where the pages are, in pages/. */
const FOLDER = 'api';

/** The page of each entry point, by the name that is imported. */
export const apiPages: Record<string, string> = Object.fromEntries(
  Object.keys(ENTRIES).map((name) => [name, `${FOLDER}/${name}.md`]),
);

/** Write the pages. Throws where TypeDoc reports an error. */
export async function writeApi(): Promise<void> {
  const repository = repositoryUrl();
  const options: TypeDocOptions & PluginOptions = {
    plugin: ['typedoc-plugin-markdown', 'typedoc-vitepress-theme'],
    entryPoints: Object.values(ENTRIES).map((path) => join(root, path)),
    tsconfig: fileURLToPath(new URL('../tsconfig.api.json', import.meta.url)),
    basePath: root,
    displayBasePath: root,
    name: 'API',
    readme: 'none',
    router: 'module',
    excludePrivate: true,
    excludeExternals: true,
    // `pnpm build` has checked the types.
    skipErrorChecking: true,
    disableGit: true,
    disableSources: repository === undefined,
    sourceLinkTemplate: `${repository}/blob/main/{path}#L{line}`,
    gitRevision: 'main',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    expandObjects: true,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    logLevel: 'Warn',
  };
  const app = await Application.bootstrapWithPlugins(options);
  // The theme has a folder of its own, which it sets after ours.
  app.options.setValue('out', join(pagesFolder, FOLDER));
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the packages.');
  // TypeDoc names a module after its file; people know it by what they import.
  const names = new Map(
    Object.entries(ENTRIES).map(([name, path]) => [path.replace(/(\/index)?\.ts$/, ''), name]),
  );
  for (const module of project.children ?? []) module.name = names.get(module.name) ?? module.name;
  await app.generateOutputs(project);
  if (app.logger.hasErrors()) throw new Error('TypeDoc reported errors.');
}
