import MarkdownIt from 'markdown-it';
import { expect, test } from 'vitest';
import { linksIn, pageFor, repositoryLinks, targetOf } from '../src/links.js';
import { siteBase } from '../src/repository.js';

const pages = new Set([
  'index.md',
  'docs/using.md',
  'packages/laws/index.md',
  'packages/core/src/a.ts.md',
  'LICENSE.md',
]);

test('a link leads to the file that it names, from the folder of its own file', () => {
  expect(targetOf('docs/using.md', '../packages/laws/README.md#the-laws')).toEqual({
    path: 'packages/laws/README.md',
    hash: '#the-laws',
  });
  expect(targetOf('index.md', 'docs/')).toEqual({ path: 'docs', hash: '' });
  for (const href of ['https://example.org/x', 'mailto:a@b.c', '#here', '/plugins/', '../outside.md'])
    expect(targetOf('README.md', href)).toBeUndefined();
});

test('a file’s page is of its name, a folder’s or a README’s is the index, a source file’s has .md after it', () => {
  expect(pageFor('docs/using.md', pages)).toBe('docs/using.md');
  expect(pageFor('packages/laws', pages)).toBe('packages/laws/index.md');
  expect(pageFor('packages/laws/README.md', pages)).toBe('packages/laws/index.md');
  expect(pageFor('README.md', pages)).toBe('index.md');
  expect(pageFor('packages/core/src/a.ts', pages)).toBe('packages/core/src/a.ts.md');
  expect(pageFor('docs/nothing.md', pages)).toBeUndefined();
});

test('links in code are no links, pictures are', () => {
  expect(linksIn('[a](b.md) ![c](d.svg)\n\n```\n[e](f.md)\n```\n`[g](h.md)`')).toEqual(['b.md', 'd.svg']);
});

test('Markdown is rendered with links to pages, and with braces that Vue leaves alone', () => {
  const md = new MarkdownIt();
  repositoryLinks(md, pages);
  const html = md.render('[laws](../packages/laws/README.md#the-laws) [gone](gone.md) {{ x }} <b>', {
    relativePath: 'docs/using.md',
  });
  expect(html).toBe(
    '<p><a href="/packages/laws/index.md#the-laws">laws</a> <a href="gone.md">gone</a> &#123;&#123; x }} &lt;b&gt;</p>\n',
  );
});

test('the base is taken with or without slashes', () => {
  expect(
    [undefined, '', '/', 'a', '/a', '/a/', '/a/b/'].map((base) => siteBase({ SITE_BASE: base })),
  ).toEqual(['/', '/', '/', '/a/', '/a/', '/a/', '/a/b/']);
});
