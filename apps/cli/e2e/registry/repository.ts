/** A copy of what is published, with the repository's tools: a release in it changes no version of the working tree. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../..', import.meta.url));

/** Copy the repository as it is, without its pages and examples. */
export function copyRepository(to: string): void {
  const listed = execFileSync('git', ['ls-files', '-coz', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const left = ['docs/', 'examples/', '.github/'];
  const folders = new Set<string>(['.']);
  for (const path of listed.split('\0')) {
    if (path === '' || left.some((start) => path.startsWith(start)) || !existsSync(join(root, path)))
      continue;
    cpSync(join(root, path), join(to, path));
    if (/^(packages|plugins|apps)\//.test(path)) folders.add(path.split('/').slice(0, 2).join('/'));
  }
  for (const folder of folders)
    for (const name of ['dist', '.tsbuildinfo', 'node_modules']) copyBuilt(join(folder, name), to);
  // The links of node_modules are relative: packages of the copy meet each other, and the tools are those that are installed.
  symlinkSync(join(root, 'node_modules/.pnpm'), join(to, 'node_modules/.pnpm'));
  git(to, 'init', '--quiet', '--initial-branch=main');
  git(to, 'add', '--all');
  git(to, 'commit', '--quiet', '--message=copy');
}

function copyBuilt(path: string, to: string): void {
  const from = join(root, path);
  if (!existsSync(from)) return;
  mkdirSync(dirname(join(to, path)), { recursive: true });
  cpSync(from, join(to, path), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !/node_modules\/\.(pnpm|cache|vite\w*)$/.test(file),
  });
}

function git(cwd: string, ...parameters: string[]): void {
  const identity = [
    '-c',
    'user.name=test',
    '-c',
    'user.email=test@example.org',
    '-c',
    'commit.gpgsign=false',
  ];
  execFileSync('git', [...identity, ...parameters], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
