/** The pages that are files of the repository: its Markdown by inclusion, so that nothing is copied, and what it links to. */
import { cpSync, readdirSync } from 'node:fs';
import { extname, join, posix } from 'node:path';
import { writeWhole } from '@deepfunctor/core';
import { linksIn, pageFor, targetOf } from './links.js';
import {
  assetFiles,
  exists,
  isFolder,
  markdownFiles,
  pageOf,
  pagesFolder,
  read,
  root,
  titleOf,
} from './repository.js';

/** A page by its path, `docs/using.md`, and its Markdown. */
export type Pages = Map<string, string>;

/** The Markdown of the repository. `taken` are pages made otherwise, which stand in for the files of their path. */
export function markdownPages(taken: ReadonlySet<string>): Pages {
  const pages: Pages = new Map();
  for (const path of markdownFiles()) {
    const page = pageOf(path);
    if (!taken.has(page)) pages.set(page, `<!--@include: ${up(page)}${path}-->\n`);
  }
  return pages;
}

/** Pages for what the Markdown links to and that is no page: source files, and lists of folders. */
export function linkedPages(made: Pages): Pages {
  const pages: Pages = new Map();
  const known = new Set(made.keys());
  const texts = [...made, ...markdownFiles().map((path) => [path, read(path)] as const)];
  for (const [from, markdown] of texts)
    for (const href of linksIn(markdown)) {
      const path = targetOf(from, href)?.path;
      if (path === undefined || !exists(path) || pageFor(path, known) !== undefined) continue;
      if (isFolder(path)) pages.set(posix.join(path, 'index.md'), folderPage(path, known));
      else if (!ASSET.test(path)) pages.set(`${path}.md`, sourcePage(path));
    }
  return pages;
}

const ASSET = /\.(svg|png|json)$/;

function sourcePage(path: string): string {
  const language = extname(path).slice(1) || 'text';
  const heading = `---\nsearch: false\naside: false\n---\n\n# ${posix.basename(path)}\n\n\`${path}\`\n\n`;
  return `${heading}\`\`\`\`\`${language}\n${read(path).trimEnd()}\n\`\`\`\`\`\n`;
}

/** A folder without a README: what is in it, by the titles of its pages where it has any. */
function folderPage(path: string, known: ReadonlySet<string>): string {
  const entries = readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(path, posix.join(entry.parentPath.slice(root.length), entry.name)))
    .sort();
  const lines = entries.map((entry) => {
    const page = pageFor(posix.join(path, entry), known);
    return page === undefined ? `- \`${entry}\`` : `- [${titleOf(posix.join(path, entry))}](/${page})`;
  });
  const name = posix.basename(path);
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return `---\nsearch: false\n---\n\n# ${title}\n\n\`${path}\`\n\n${lines.join('\n')}\n`;
}

/** From a page's folder in pages/ to the root of the repository. */
const up = (page: string): string => '../'.repeat(page.split('/').length + 2);

/** Write all pages, and beside them the pictures that they show. */
export function writePages(pages: Pages): void {
  for (const [path, text] of pages) writeWhole(join(pagesFolder, path), text);
  // Pictures are bundled from where they are shown; data and examples are offered at their own address.
  for (const path of assetFiles())
    cpSync(join(root, path), join(pagesFolder, /\.json$|^examples\//.test(path) ? 'public' : '', path));
}
