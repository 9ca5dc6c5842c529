/** The order in which the pages are offered. What is not named here comes after what is, by its title. */
import { posix } from 'node:path';
import { apiPages } from './api.js';
import type { Entry } from './gallery.js';
import type { Pages } from './pages.js';
import { exists, titleOf } from './repository.js';

export interface Item {
  text: string;
  link?: string;
  items?: Item[];
  collapsed?: boolean;
}

const FIRST = ['docs/quick-start.md', 'docs/using.md', 'docs/write-a-plugin.md'];
const REFERENCE = ['docs/contract.md', 'packages/laws/index.md', 'docs/errors.md', 'docs/architecture.md'];
const REPORTS = [
  'docs/report/report.md',
  'docs/report/learned.md',
  'docs/report/contrast.md',
  'docs/report/founding.md',
];

export function sidebarOf(pages: Pages, entries: readonly Entry[]): Item[] {
  const paths = [...pages.keys()];
  const within = (folder: string): string[] => paths.filter((path) => path.startsWith(`${folder}/`));
  const index = (path: string): boolean => path.endsWith('/index.md');
  const reports = within('docs/report');
  const decisions = within('docs/decisions').filter((path) => !index(path));
  const guides = within('docs').filter(
    (path) => !index(path) && ![...REFERENCE, ...reports, ...decisions].includes(path),
  );
  const readmes = paths.filter(
    (path) => /^(packages|apps)\/[^/]+\/index\.md$/.test(path) && !REFERENCE.includes(path),
  );
  const join = paths.filter((path) => /^[A-Z_]+\.md$/.test(path) && path !== 'LICENSE.md');
  const categories = [...new Map(entries.map(({ category }) => [category.name, category.title]))];
  return [
    group('Guide', ordered(guides, FIRST).map(item)),
    group(
      'Reference',
      ordered(
        REFERENCE.filter((path) => pages.has(path)),
        REFERENCE,
      ).map(item),
    ),
    group('Plugins', [
      { text: 'Gallery', link: '/plugins/' },
      ...categories.map(([name, title]) => ({
        text: title,
        collapsed: true,
        items: entries
          .filter(({ category }) => category.name === name)
          .map(({ name, folder }) => ({ text: name, link: `/plugins/${folder}/` })),
      })),
    ]),
    group(
      'API',
      Object.entries(apiPages).map(([text, path]) => ({ text, link: `/${path}` })),
    ),
    group('Reports', ordered(reports, REPORTS).map(item)),
    group('Decisions', ordered(decisions, []).map(item), true),
    group('Packages', ordered(readmes, []).map(item), true),
    group('Join in', ordered(join, ['CONTRIBUTING.md']).map(item)),
  ].filter(({ items }) => items!.length > 0);
}

const group = (text: string, items: Item[], collapsed = false): Item => ({ text, items, collapsed });

/** Those that are named first, then the others by their title. */
function ordered(paths: readonly string[], first: readonly string[]): string[] {
  const rank = (path: string): number => (first.includes(path) ? first.indexOf(path) : first.length);
  return [...paths].sort((a, b) => rank(a) - rank(b) || (titleOfPage(a) < titleOfPage(b) ? -1 : 1));
}

/** Two pages of one title are told apart by their folders. */
const item = (path: string, _: number, paths: readonly string[]): Item => ({
  text:
    paths.filter((other) => titleOfPage(other) === titleOfPage(path)).length > 1
      ? `${titleOfPage(path)} (${posix.basename(posix.dirname(path))})`
      : titleOfPage(path),
  link: `/${path.replace(/index\.md$/, '')}`,
});

/** Where a page is known by another name than its heading. */
const NAMES: Record<string, string> = { 'packages/laws/index.md': 'The laws' };

function titleOfPage(path: string): string {
  if (NAMES[path] !== undefined) return NAMES[path];
  const readme = path.replace(/index\.md$/, 'README.md');
  return exists(path) ? titleOf(path) : exists(readme) ? titleOf(readme) : path;
}
