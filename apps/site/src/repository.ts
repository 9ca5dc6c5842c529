/** What of the repository becomes pages. A page lies where its file lies, so that links between files are links between pages. */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));
/** What VitePress reads: written anew at each build. */
export const pagesFolder = fileURLToPath(new URL('../pages', import.meta.url));

/** Markdown that becomes a page. */
const MARKDOWN = [
  '*.md',
  'docs/**/*.md',
  'packages/*/README.md',
  'plugins/*/README.md',
  'apps/*/README.md',
  'examples/README.md',
];
/** What pages show or offer as it is. */
const ASSETS = ['docs/**/*.{svg,png,json}', 'examples/digits/seven-1.png'];

const files = (patterns: readonly string[]): string[] =>
  globSync(patterns, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();

export const markdownFiles = (): string[] => files(MARKDOWN);
export const assetFiles = (): string[] => files(ASSETS);

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');
export const exists = (path: string): boolean => existsSync(join(root, path));
export const isFolder = (path: string): boolean => exists(path) && statSync(join(root, path)).isDirectory();

/** The page of a Markdown file: a README is the index of its folder. */
export const pageOf = (path: string): string =>
  posix.basename(path) === 'README.md' ? posix.join(posix.dirname(path), 'index.md') : path;

/** A page's first heading, or its path where it has none. */
export const titleOf = (path: string): string => /^# (.+)$/m.exec(read(path))?.[1] ?? path;

/** The address of the repository on the web, without a slash at its end; undefined where nobody says it. */
export function repositoryUrl(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = environment;
  if (server && name) return `${server}/${name}`;
  const { repository } = JSON.parse(read('package.json')) as { repository?: string | { url: string } };
  const url = typeof repository === 'string' ? repository : repository?.url;
  return url?.replace(/^git\+/, '').replace(/\.git$/, '');
}

/** Where the site will stand: `/`, or `/name/` for the page of a project. From SITE_BASE, slashes added as needed. */
export function siteBase(environment: NodeJS.ProcessEnv = process.env): string {
  const name = (environment.SITE_BASE ?? '').replace(/^\/+|\/+$/g, '');
  return name === '' ? '/' : `/${name}/`;
}
