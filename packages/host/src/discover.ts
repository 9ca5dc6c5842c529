/** Which categories and plugins there are. Manifests are read, weights only looked at, code never run. */
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type BridgeManifest,
  builtinCategories,
  type Category,
  checkFile,
  coded,
  DeepFunctorError,
  domainIndices,
  type FunctorManifest,
  type Manifest,
  type MorphismManifest,
  matchManifest,
  matchPort,
  parseManifest,
  readCategory,
  releaseName,
} from '@deepfunctor/core';
import {
  dependenciesOf,
  findProject,
  isFolder,
  isPlugin,
  type Package,
  packageIn,
  packageNamed,
} from './project.js';

interface Installed {
  name: string;
  /** The npm package it comes from. */
  package: string;
  version: string | undefined;
  directory: string;
}

/** An installed functor that fits its category. */
export interface Functor extends Installed {
  kind: 'functor';
  manifest: FunctorManifest;
  category: Category;
  /** Indices of its domain among the category's labels, increasing. */
  domain: number[];
}

/** An installed morphism that fits its categories. */
export interface Morphism extends Installed {
  kind: 'morphism';
  manifest: MorphismManifest;
  inputs: Category[];
  output: Category;
}

export type Plugin = Functor | Morphism;

/** An installed bridge between two installed releases of a category. No part of a chain by name. */
export interface Bridge extends Installed {
  kind: 'bridge';
  manifest: BridgeManifest;
  from: Category;
  to: Category;
}

/** A package that should be a plugin or a category and cannot be used. */
export interface SetAside {
  /** The plugin's name, or the package's where the manifest does not tell. */
  name: string;
  version?: string;
  where: string;
  error: DeepFunctorError;
}

/** What a host begins with. */
export interface Discovery {
  /** All releases of all categories; a category may have several, of different versions. */
  categories: Category[];
  plugins: Plugin[];
  bridges: Bridge[];
  setAside: SetAside[];
}

export interface DiscoverOptions {
  /** The project is the nearest folder with a package.json, from here upwards. */
  cwd: string;
  /** Names of packages or folders, instead of the project's dependencies. */
  plugins?: readonly string[] | undefined;
  /** Folders of category releases, before the built-in ones and those of packages. */
  categories?: readonly string[] | undefined;
}

/** Look at everything installed. What cannot be used is set aside with its error, and the rest is there. */
export function discover({ cwd, plugins, categories = [] }: DiscoverOptions): Discovery {
  const found: Discovery = { categories: [], plugins: [], bridges: [], setAside: [] };
  const project = findProject(cwd);
  const packages =
    plugins === undefined ? projectPackages(project, found) : named(plugins, cwd, project, found);
  const parsed = packages.flatMap(
    (item) => attempt(found, item, () => ({ item, manifest: manifestOf(item) })) ?? [],
  );

  const folders = [...categories.map((folder) => resolve(cwd, folder)), ...builtinCategories()];
  for (const folder of folders)
    attempt(found, { name: folder, directory: folder }, () => addCategory(found, folder));
  for (const { item, manifest } of parsed)
    if (manifest.kind === 'category')
      attempt(found, { ...item, name: manifest.name }, () =>
        addCategory(found, join(item.directory, manifest.path)),
      );
  for (const { item, manifest } of parsed) {
    if (manifest.kind === 'category') continue;
    attempt(found, { ...item, name: manifest.name }, () => {
      const plugin = install(item, manifest, found.categories);
      const other = [...found.plugins, ...found.bridges].find(({ name }) => name === plugin.name);
      if (other?.directory === plugin.directory) return;
      if (other !== undefined) throw duplicate(plugin.name, item.directory, other.directory);
      if (plugin.kind === 'bridge') found.bridges.push(plugin);
      else found.plugins.push(plugin);
    });
  }
  return found;
}

/** The plugin in a folder. Errors: those of its manifest, of its categories and of its files. */
export function installFolder(folder: string, categories: readonly Category[]): Plugin {
  const item = packageIn(folder, process.cwd());
  const manifest = manifestOf(item);
  const where = join(item.directory, 'package.json');
  if (manifest.kind === 'category')
    throw coded('MANIFEST_INVALID', { where, reason: 'deepfunctor.kind: a category is no part of a chain' });
  const plugin = install(item, manifest, categories);
  if (plugin.kind === 'bridge')
    throw coded('MANIFEST_INVALID', { where, reason: 'deepfunctor.kind: a bridge is no part of a chain' });
  return plugin;
}

function projectPackages(project: string | undefined, found: Discovery): Package[] {
  if (project === undefined) return [];
  return dependenciesOf(project).flatMap(({ name, required }) => {
    try {
      const item = packageNamed(name, project);
      return isPlugin(item) ? [item] : [];
    } catch (error) {
      // Of a package that need not be there, nobody knows whether it is a plugin.
      if (required) setAside(found, { name, directory: project }, error);
      return [];
    }
  });
}

function named(
  list: readonly string[],
  cwd: string,
  project: string | undefined,
  found: Discovery,
): Package[] {
  const from = project ?? join(resolve(cwd), 'package.json');
  return list.flatMap(
    (name) =>
      attempt(found, { name, directory: from }, () =>
        isFolder(name) ? packageIn(name, cwd) : packageNamed(name, from),
      ) ?? [],
  );
}

function manifestOf({ json, directory }: Package): Manifest {
  return parseManifest(json, join(directory, 'package.json'));
}

function addCategory(found: Discovery, folder: string): void {
  const category = readCategory(folder);
  const other = found.categories.find((each) => releaseName(each) === releaseName(category));
  if (other === undefined) found.categories.push(category);
  else if (other.digest !== category.digest) throw duplicate(releaseName(category), folder, other.directory);
}

function install(
  item: Package,
  manifest: Exclude<Manifest, { kind: 'category' }>,
  categories: readonly Category[],
): Plugin | Bridge {
  const { directory, version } = item;
  const where = join(directory, 'package.json');
  matchManifest(manifest, categories, where);
  for (const file of Object.values(manifest.files)) checkFile(directory, file);
  const installed = { name: manifest.name, package: item.name, version, directory: realpathSync(directory) };
  if (manifest.kind === 'functor') {
    const category = matchPort(manifest.port, categories, where);
    const domain = domainIndices(manifest, category, where);
    return { ...installed, kind: 'functor', manifest, category, domain };
  }
  if (manifest.kind === 'bridge') {
    const [from, to] = [manifest.from, manifest.to].map((port) => matchPort(port, categories, where));
    return { ...installed, kind: 'bridge', manifest, from: from!, to: to! };
  }
  const inputs = manifest.inputs.map((port) => matchPort(port, categories, where));
  return {
    ...installed,
    kind: 'morphism',
    manifest,
    inputs,
    output: matchPort(manifest.output, categories, where),
  };
}

function duplicate(name: string, where: string, other: string): DeepFunctorError {
  return coded('PLUGIN_DUPLICATE', { where, name, other });
}

type Suspect = Pick<Package, 'name' | 'directory'> & Partial<Package>;

function attempt<T>(found: Discovery, suspect: Suspect, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    setAside(found, suspect, error);
    return undefined;
  }
}

/** Record a coded error; anything else is a fault of the program and is thrown on. */
function setAside(found: Discovery, { name, version, directory }: Suspect, error: unknown): void {
  if (!(error instanceof DeepFunctorError)) throw error;
  found.setAside.push({ name, ...(version === undefined ? {} : { version }), where: directory, error });
}
