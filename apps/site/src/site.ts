/** All that VitePress is given: pages, pictures, and the data of the sidebar and the gallery. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeWhole } from '@deepfunctor/core';
import { writeApi } from './api.js';
import { errorsPage } from './errors-page.js';
import { makeGallery } from './gallery.js';
import { landingPage } from './landing.js';
import { linkedPages, markdownPages, writePages } from './pages.js';
import { pagesFolder } from './repository.js';
import { sidebarOf } from './sidebar.js';

/** Write pages/ anew from the repository as it is. */
export async function writeSite(): Promise<void> {
  rmSync(pagesFolder, { recursive: true, force: true });
  const gallery = await makeGallery();
  const pages = new Map([
    ['index.md', landingPage()],
    ['docs/errors.md', errorsPage()],
    ['plugins/index.md', GALLERY],
    ...gallery.pages,
  ]);
  for (const [path, text] of markdownPages(new Set(pages.keys()))) pages.set(path, text);
  for (const [path, text] of linkedPages(pages)) pages.set(path, text);
  writePages(pages);
  for (const [path, png] of gallery.pictures) writeWhole(join(pagesFolder, 'public', path), png);
  cpSync(fileURLToPath(new URL('../assets', import.meta.url)), join(pagesFolder, 'public'), {
    recursive: true,
  });
  await writeApi();
  json('data/gallery.json', gallery.entries);
  json('data/sidebar.json', sidebarOf(pages, gallery.entries));
}

const GALLERY = `---
layout: page
---

<Gallery />
`;

const json = (path: string, value: unknown): void =>
  writeWhole(join(pagesFolder, path), JSON.stringify(value));
