import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '@deepfunctor/core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leftOut } from '../../../scripts/judges.js';
import { root } from '../src/repository.js';
import { type Served, serveSite } from './server.js';

/** Debian's package of this name; .ci/run installs it. */
const CHROMIUM = '/usr/bin/chromium';
const absent = !existsSync(CHROMIUM);
const folders = readdirSync(join(root, 'plugins')).filter((name) =>
  existsSync(join(root, 'plugins', name, 'package.json')),
);

describe.skipIf(leftOut(absent))('in a browser', () => {
  let site: Served;
  let browser: Browser;
  beforeAll(async () => {
    if (absent) throw new Error(`${CHROMIUM} is missing: apt-get install chromium`);
    site = await serveSite();
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  /** A page whose every error, failed request and request to elsewhere is kept in `faults`. */
  async function open(path: string, width = 1280): Promise<{ page: Page; faults: string[] }> {
    const faults: string[] = [];
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('requestfailed', (request) => faults.push(`failed: ${request.url()}`));
    page.on('response', (response) => {
      if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
    });
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol.startsWith('http') && hostname !== '127.0.0.1') faults.push(`elsewhere: ${request.url()}`);
    });
    await page.goto(`${site.address}${path}`, { waitUntil: 'networkidle' });
    return { page, faults };
  }

  test('the home page shows the idea and the first run, without an error or a request to elsewhere', async () => {
    const { page, faults } = await open('');
    expect(await page.locator('.VPHero .name').textContent()).toBe('Deep Functor');
    const idea = page.locator('figure.idea img');
    expect(await idea.evaluate((image: { naturalWidth: number }) => image.naturalWidth)).toBeGreaterThan(0);
    expect(await page.locator('.landing pre').first().textContent()).toContain('pnpm');
    await page.locator('.VPHero a.brand').click();
    await page.waitForSelector('.VPDoc h1');
    expect(faults).toEqual([]);
    await page.close();
  });

  test('the gallery shows every plugin, each with a picture or its values, and finds one by its name', async () => {
    const { page, faults } = await open('plugins/');
    const cards = page.locator('.gallery .card');
    const shown = await cards.evaluateAll((each: { dataset: { plugin?: string } }[]) =>
      each.map(({ dataset }) => dataset.plugin),
    );
    expect(shown.toSorted()).toEqual(folders.toSorted());
    expect(folders.length).toBeGreaterThan(0);
    for (const card of await cards.all()) {
      await card.scrollIntoViewIfNeeded();
      expect(await card.locator('.picture img, .values code').count()).toBeGreaterThan(0);
    }
    await page.waitForLoadState('networkidle');
    const empty = await page
      .locator('.gallery .picture img')
      .evaluateAll((images: { naturalWidth: number; src: string }[]) =>
        images.filter(({ naturalWidth }) => naturalWidth === 0).map(({ src }) => src),
      );
    expect(empty).toEqual([]);
    await page.getByRole('searchbox').fill('no such plugin');
    await page.getByText('No plugin is called so.').waitFor();
    await page.getByRole('searchbox').fill(folders[0]!.replace(/^[a-z]+-/, ''));
    await page.locator(`[data-plugin="${folders[0]}"]`).click();
    await page.waitForSelector('.VPDoc h1');
    expect(faults).toEqual([]);
    await page.close();
  });

  test('a search for an error code leads to its heading', async () => {
    const { page, faults } = await open('docs/contract.html');
    const code = Object.keys(ERRORS)[2]!;
    await page.locator('.DocSearch-Button').click();
    await page.locator('.search-input').fill(code);
    const result = page.locator('.VPLocalSearchBox .result').filter({ hasText: code }).first();
    await result.click();
    await page.waitForURL(`**/docs/errors.html#${code}`);
    expect(await page.locator(`h2#${code}`).isVisible()).toBe(true);
    expect(faults).toEqual([]);
    await page.close();
  });

  test('on a phone nothing is wider than the screen', async () => {
    for (const path of ['', 'plugins/', `plugins/${folders[0]}/`, 'docs/contract.html']) {
      const { page, faults } = await open(path, 390);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect(`${path}: ${width}`).toBe(`${path}: 390`);
      expect(faults).toEqual([]);
      await page.close();
    }
  });
});
