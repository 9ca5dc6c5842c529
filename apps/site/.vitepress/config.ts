import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { repositoryLinks } from '../src/links.js';
import { pagesFolder, repositoryUrl, siteBase } from '../src/repository.js';

const repository = repositoryUrl();
const pages = new Set(
  readdirSync(pagesFolder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.md')),
);

export default defineConfig({
  title: 'Deep Functor',
  description: 'Neural networks made of modules that meet in a shared latent space with a contract',
  lang: 'en',
  base: siteBase(),
  srcDir: './pages',
  outDir: './out',
  cacheDir: './node_modules/.vitepress',
  lastUpdated: false,
  markdown: { config: (md) => repositoryLinks(md, pages) },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${siteBase()}icon.svg` }]],
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    logo: '/icon.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      pages.has('docs/quick-start.md')
        ? { text: 'Quick start', link: '/docs/quick-start' }
        : { text: 'Using', link: '/docs/using' },
      { text: 'Contract', link: '/docs/contract' },
      { text: 'Laws', link: '/packages/laws/' },
      { text: 'Plugins', link: '/plugins/' },
      { text: 'API', link: '/api/' },
      { text: 'Report', link: '/docs/report/report' },
    ],
    sidebar: JSON.parse(readFileSync(`${pagesFolder}/data/sidebar.json`, 'utf8')),
    socialLinks: repository ? [{ icon: 'github', link: repository }] : [],
  },
});
