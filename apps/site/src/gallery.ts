/** The gallery: a page for each plugin from its manifest, its card and what it does when it is run. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openHost, type Plugin } from '@deepfunctor/host';
import { isPainter } from './pictures.js';
import { exampleOf, pluginPage } from './plugin-page.js';
import { root } from './repository.js';
import { labelStrip, labelValues, morphismSamples, type Sample, type Values } from './samples.js';

/** What the gallery shows of a plugin; the pictures by their addresses on the site. */
export interface Entry {
  /** The folder in plugins/. */
  folder: string;
  name: string;
  package: string;
  kind: Plugin['kind'];
  description: string;
  category: {
    name: string;
    title: string;
    version: string;
    labels: number;
    dimension: number;
    digest: string;
  };
  mode: string;
  /** A functor's codec. */
  codec?: string;
  figures: string;
  pictures: { src: string; caption: string; width: number; height: number }[];
  values: Values;
}

export interface Gallery {
  entries: Entry[];
  /** Pages by their path. */
  pages: Map<string, string>;
  /** Pictures by their path on the site. */
  pictures: Map<string, Uint8Array>;
}

/** What package.json says besides its manifest. */
export interface PackageJson {
  name: string;
  version: string;
  description: string;
  scripts?: { learn?: string };
}

/** Run every plugin of the repository. Throws the coded error of the first that is broken: a site shows no such thing. */
export async function makeGallery(): Promise<Gallery> {
  const folders = globSync('plugins/*/package.json', { cwd: root }).map(dirname).sort();
  const host = await openHost({ cwd: root, plugins: folders.map((folder) => join(root, folder)) });
  try {
    if (host.setAside.length > 0) throw host.setAside[0]!.error;
    const figures = figuresOf();
    const gallery: Gallery = { entries: [], pages: new Map(), pictures: new Map() };
    for (const plugin of host.plugins) {
      const folder = basename(plugin.directory);
      const json = JSON.parse(readFileSync(join(plugin.directory, 'package.json'), 'utf8')) as PackageJson;
      const { samples, values } = await runsOf(plugin);
      const pictures = samples.map(({ png, ...sample }, index) => {
        const src = `/gallery/${folder}${index === 0 ? '' : `-${index + 1}`}.png`;
        gallery.pictures.set(src, png);
        return { src, ...sample };
      });
      const { name, title, version, labels, dimension, digest } =
        plugin.kind === 'functor' ? plugin.category : plugin.output;
      const entry: Entry = {
        folder,
        name: plugin.name,
        package: json.name,
        kind: plugin.kind,
        description: json.description,
        category: { name, title, version, labels: labels.length, dimension, digest },
        mode: plugin.manifest.card.mode,
        ...(plugin.kind === 'functor' ? { codec: plugin.manifest.codec.kind } : {}),
        figures: figures[json.name] ?? '',
        pictures,
        values,
      };
      gallery.entries.push(entry);
      gallery.pages.set(
        `plugins/${folder}/index.md`,
        pluginPage(plugin, entry, json, exampleOf(plugin, host.plugins)),
      );
    }
    return gallery;
  } finally {
    await host.close();
  }

  async function runsOf(plugin: Plugin): Promise<{ samples: Sample[]; values: Values }> {
    if (plugin.kind === 'morphism') return { samples: await morphismSamples(host, plugin), values: [] };
    if (isPainter(plugin)) return { samples: [await labelStrip(host, plugin)], values: [] };
    // A format of another kind (a sound) is told by its codec alone.
    return { samples: [], values: 'values' in plugin.manifest.codec ? await labelValues(host, plugin) : [] };
  }
}

/** The line of figures that the README has for each package. */
function figuresOf(): Record<string, string> {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/figures.js', '--json'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`scripts/figures.js --json failed: ${stderr}`);
  return JSON.parse(stdout) as Record<string, string>;
}
