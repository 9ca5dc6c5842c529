import { globSync } from 'node:fs';
import { LinkChecker, LinkState } from 'linkinator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { built, type Served, serveSite } from './server.js';

let site: Served;
beforeAll(async () => {
  site = await serveSite();
});
afterAll(() => site.close());

test('every link, anchor, picture and script of every page is there, and every page can be reached', async () => {
  const asked: string[] = [];
  const { links } = await new LinkChecker().check({
    path: site.address,
    recurse: true,
    checkFragments: true,
    concurrency: 20,
    // Only this machine is asked; addresses elsewhere are left alone.
    linksToSkip: async (link) => {
      const here = link.startsWith(site.address);
      if (here) asked.push(link);
      return !here && !link.startsWith(new URL(site.address).origin);
    },
  });
  const broken = links.filter(({ state }) => state === LinkState.BROKEN);
  expect(broken.map(({ url, parent, status }) => `${url} in ${parent}: ${status}`)).toEqual([]);
  const reached = new Set(
    asked.map((link) => decodeURI(link.replace(/[#?].*$/, '')).replace(/\/$/, '/index.html')),
  );
  const pages = globSync('**/*.html', { cwd: built }).filter((page) => page !== '404.html');
  expect(pages.length).toBeGreaterThan(50);
  expect(pages.filter((page) => !reached.has(`${site.address}${page}`))).toEqual([]);
});
