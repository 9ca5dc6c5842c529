/** Writes a plugin's package: manifest, ONNX files, card, README and typed reference. A plugin holds no logic. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BridgeManifest,
  type FunctorManifest,
  KEYWORD,
  type MorphismManifest,
  parseManifest,
  sha256,
  writeWhole,
} from '@deepfunctor/core';

type Bare<M> = M extends unknown ? Omit<M, 'files' | 'manifest'> : never;

export interface PluginPackage {
  /** npm name of the package. */
  package: string;
  description: string;
  manifest: Bare<FunctorManifest> | Bare<MorphismManifest> | Bare<BridgeManifest>;
  /** ONNX files by their names in the manifest: encode and decode, or morphism, or there and back. */
  files: Record<string, Uint8Array>;
  /** Range of @deepfunctor/core that it needs. */
  core: string;
}

/** Write the package into a folder; a package.json that is there keeps its version and scripts. Errors: MANIFEST_INVALID, OUTPUT_UNWRITABLE. */
export function writePlugin(folder: string, plugin: PluginPackage): void {
  const files = Object.fromEntries(
    Object.entries(plugin.files).map(([key, bytes]) => [
      key,
      { path: `${key}.onnx`, sha256: sha256(bytes), bytes: bytes.length },
    ]),
  );
  const { card, ...rest } = plugin.manifest;
  const path = join(folder, 'package.json');
  const old = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
  const json = {
    name: plugin.package,
    version: '0.1.0',
    description: plugin.description,
    license: 'MIT',
    type: 'module',
    keywords: [KEYWORD],
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    files: ['index.js', 'index.d.ts', '*.onnx'],
    peerDependencies: { '@deepfunctor/core': plugin.core },
    ...old,
    deepfunctor: { manifest: 1, ...rest, files, card },
  };
  parseManifest(json, path);
  for (const [key, bytes] of Object.entries(plugin.files)) writeWhole(join(folder, `${key}.onnx`), bytes);
  writeWhole(join(folder, 'index.js'), reference(plugin));
  writeWhole(join(folder, 'index.d.ts'), types(plugin));
  writeWhole(join(folder, 'README.md'), readme(plugin));
  writeWhole(path, `${JSON.stringify(json, null, 2)}\n`);
}

function reference({ manifest }: PluginPackage): string {
  const ports =
    manifest.kind !== 'morphism'
      ? `  category: '${(manifest.kind === 'functor' ? manifest.port : manifest.from).category}',`
      : `  inputs: [${manifest.inputs.map((port) => `'${port.category}'`).join(', ')}],\n  output: '${manifest.output.category}',`;
  return `/** What this package is to \`host.compose\`; the host reads the rest from package.json. */
export default {
  kind: '${manifest.kind}',
  name: '${manifest.name}',
${ports}
  package: new URL('.', import.meta.url).href,
};
`;
}

function types({ manifest }: PluginPackage): string {
  const [type, full] =
    manifest.kind === 'bridge'
      ? ['BridgePlugin', `BridgePlugin<'${manifest.from.category}'>`]
      : manifest.kind === 'functor'
        ? [
            'FunctorPlugin',
            `FunctorPlugin<'${manifest.port.category}', ${manifest.codec.kind === 'image' ? 'Uint8Array' : 'string'}>`,
          ]
        : [
            'MorphismPlugin',
            `MorphismPlugin<readonly [${manifest.inputs.map((port) => `'${port.category}'`).join(', ')}], '${manifest.output.category}'>`,
          ];
  return `import type { ${type} } from '@deepfunctor/core';

declare const plugin: ${full};
export default plugin;
`;
}

function readme({ package: name, description, manifest }: PluginPackage): string {
  const { card } = manifest;
  const measured = Object.entries(card.measured).map(([what, value]) => `- ${what}: ${value}`);
  return `# ${name}

${description}

${manifest.kind === 'bridge' ? bridgeUse(name, manifest) : chainUse(name, manifest)}
## How it was learned

${card.recipe}

Data: ${card.data} Seed ${card.seed}, ${card.steps} steps, mode \`${card.mode}\`.
${card.notes === undefined ? '' : `\n${card.notes}\n`}
## Measured

${measured.length > 0 ? measured.join('\n') : 'See the report of the founding.'}
`;
}

function bridgeUse(name: string, { from, to }: Bare<BridgeManifest>): string {
  return `\`\`\`
npm install ${name}
npx deepfunctor list
\`\`\`

The host puts it in by itself, in either direction, where a chain goes from a plugin of ${from.category} ${from.contract} to one of ${to.category} ${to.contract}, and says so. Both releases of the category have to be installed, with \`@deepfunctor/core\` or as packages of their own.
`;
}

function chainUse(name: string, manifest: Exclude<PluginPackage['manifest'], Bare<BridgeManifest>>): string {
  const inputs = manifest.kind === 'morphism' ? manifest.inputs.map(() => 'FUNCTOR').join(', ') : '';
  const begin = inputs.includes(',') ? `(${inputs})` : inputs;
  const chain =
    manifest.kind === 'functor'
      ? `${manifest.name} -> MORPHISM -> ${manifest.name}`
      : `${begin} -> ${manifest.name} -> FUNCTOR`;
  const given = manifest.kind === 'functor' ? 1 : manifest.inputs.length;
  return `\`\`\`
npm install deepfunctor ${name}
npx deepfunctor run "${chain}"${' --input INPUT'.repeat(given)}
\`\`\`

FUNCTOR and MORPHISM are names of installed plugins: \`npx deepfunctor list\`.
`;
}
