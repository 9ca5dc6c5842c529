// Provenance says which CI run of which repository made a package. It is asked for where a CI can prove who it is.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * What asks npm and pnpm for provenance, where a CI can prove who it is: by GitHub's or GitLab's way of saying so.
 * Elsewhere nothing, for publishing would fail.
 */
export function provenanceOf({ CI, ACTIONS_ID_TOKEN_REQUEST_URL, SIGSTORE_ID_TOKEN }) {
  if (CI === undefined || (ACTIONS_ID_TOKEN_REQUEST_URL ?? SIGSTORE_ID_TOKEN) === undefined) return {};
  return { NPM_CONFIG_PROVENANCE: 'true', PNPM_CONFIG_PROVENANCE: 'true' };
}

/**
 * A registry takes provenance only of a package that names the repository it was made in. Where provenance is asked for, every
 * package that names none gets the one of this CI run, and its folder there. Returns the folders that were written.
 *
 * @param {{ root: string, folders: string[], env: NodeJS.ProcessEnv }} options `folders` are those of the packages;
 *   `env` is what the publishing program will be started with.
 */
export function nameRepository({ root, folders, env }) {
  const { NPM_CONFIG_PROVENANCE, GITHUB_SERVER_URL, GITHUB_REPOSITORY, CI_PROJECT_URL } = env;
  const page = GITHUB_REPOSITORY ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}` : CI_PROJECT_URL;
  if (NPM_CONFIG_PROVENANCE !== 'true' || page === undefined) return [];
  return folders.filter((folder) => {
    const file = join(folder, 'package.json');
    const { repository, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
    if (repository !== undefined) return false;
    const named = {
      type: 'git',
      url: `git+${page}.git`,
      directory: relative(root, folder).replaceAll('\\', '/'),
    };
    writeFileSync(file, `${JSON.stringify({ ...rest, repository: named }, null, 2)}\n`);
    return true;
  });
}
