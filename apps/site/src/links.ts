/** Links as they stand in the repository's Markdown, and the pages that they lead to. */
import { posix } from 'node:path';
import MarkdownIt from 'markdown-it';

/** Where a link of a file leads: the path in the repository, and what follows `#`. */
export interface Target {
  path: string;
  hash: string;
}

/** Undefined for a link that stays on its page, leads out of the repository, or is an address of the site. */
export function targetOf(from: string, href: string): Target | undefined {
  if (/^[a-z][a-z0-9+.-]*:|^\/|^#/i.test(href)) return undefined;
  const [path = '', hash] = decodeURI(href).split('#');
  const full = posix.join(posix.dirname(from), path).replace(/\/$/, '');
  return full.startsWith('..') ? undefined : { path: full, hash: hash === undefined ? '' : `#${hash}` };
}

/** The page for a path of the repository. `pages` are the paths of pages, such as `docs/using.md` and `docs/index.md`. */
export function pageFor(path: string, pages: ReadonlySet<string>): string | undefined {
  const name = path === '.' ? '' : path;
  const candidates = [
    name,
    posix.join(name, 'index.md'),
    name.replace(/(^|\/)README\.md$/, '$1index.md'),
    `${name}.md`,
  ];
  return candidates.find((candidate) => pages.has(candidate));
}

/** All links and pictures of a Markdown text, as they stand there. */
export function linksIn(markdown: string): string[] {
  const links: string[] = [];
  const walk = (tokens: ReturnType<MarkdownIt['parse']>): void => {
    for (const token of tokens) {
      const href = token.attrGet('href') ?? token.attrGet('src');
      if (href !== null) links.push(href);
      walk(token.children ?? []);
    }
  };
  walk(new MarkdownIt({ html: true }).parse(markdown, {}));
  return links;
}

/**
 * A plugin of markdown-it: links between files of the repository become links between pages. A file's text may stand
 * in a page of another name (`README.md` in `index.md`), but in the same folder, so relative links mean the same.
 * What leads nowhere stays as it is, for VitePress to find.
 */
export function repositoryLinks(md: MarkdownIt, pages: ReadonlySet<string>): void {
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    const from = (env as { relativePath?: string }).relativePath;
    if (from === undefined) return;
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type !== 'link_open') continue;
      const target = targetOf(from, token.attrGet('href') ?? '');
      const page = target && pageFor(target.path, pages);
      if (target && page) token.attrSet('href', `/${page}${target.hash}`);
    }
  });
  // Vue would take double braces in a text for its own.
  const text = md.renderer.rules.text;
  md.renderer.rules.text = (tokens, index, options, env, self) =>
    (text?.(tokens, index, options, env, self) ?? md.utils.escapeHtml(tokens[index]!.content)).replaceAll(
      '{{',
      '&#123;&#123;',
    );
}
