import { releaseName } from '@deepfunctor/core';
import { type Bridge, openHost, type Plugin, sortBySpace } from '@deepfunctor/host';

/** `deepfunctor list`. */
export async function list({ json = false }: { json?: boolean }): Promise<void> {
  const host = await openHost();
  const { categories, plugins, bridges, setAside } = host;
  const spaces = sortBySpace(categories, plugins);
  if (json) {
    const told = {
      categories: categories.map(({ name, version, digest, labels, dimension, directory }) => ({
        name,
        version,
        digest,
        labels: labels.length,
        dimension,
        directory,
      })),
      spaces: spaces.map(({ category, plugins }) => ({
        category: category.name,
        version: category.version,
        digest: category.digest,
        plugins: plugins.map(({ name }) => name),
      })),
      plugins: plugins.map((plugin) => ({
        ...about(plugin),
        codec: plugin.kind === 'functor' ? plugin.manifest.codec.kind : undefined,
      })),
      bridges: bridges.map(about),
      setAside: setAside.map(({ error, ...rest }) => ({ ...rest, error })),
    };
    console.log(JSON.stringify(told, null, 2));
    return;
  }
  const rows = spaces.map(({ category, plugins }) => ({ category, rows: plugins.map(row) }));
  const widths = widthsOf([...rows.flatMap((space) => space.rows), ...bridges.map(row)]);
  for (const { category, rows: own } of rows) {
    const { name, version, labels, digest } = category;
    console.log(`${name} ${version}: ${labels.length} labels, space ${digest.slice(0, 19)}…`);
    table(own, widths);
  }
  if (plugins.length === 0) console.log('No plugin is installed in this project.');
  if (bridges.length > 0) console.log('bridges:');
  table(bridges.map(row), widths);
  for (const { name, error } of setAside) console.log(`\nset aside: ${name}\n${error.message}`);
}

function about(plugin: Plugin | Bridge) {
  const { name, kind, version, directory } = plugin;
  const own = { name, kind, package: plugin.package, version, directory };
  return { ...own, signature: signature(plugin), ports: portsOf(plugin) };
}

function portsOf(plugin: Plugin | Bridge) {
  if (plugin.kind === 'functor') return [plugin.manifest.port];
  const { manifest } = plugin;
  return manifest.kind === 'bridge' ? [manifest.from, manifest.to] : [...manifest.inputs, manifest.output];
}

function signature(plugin: Plugin | Bridge): string {
  if (plugin.kind === 'functor') return `${plugin.category.name} ↔ ${plugin.manifest.codec.kind}`;
  return plugin.kind === 'bridge'
    ? `${releaseName(plugin.from)} ↔ ${releaseName(plugin.to)}`
    : `${plugin.inputs.map(({ name }) => name).join(', ')} → ${plugin.output.name}`;
}

function row(plugin: Plugin | Bridge): string[] {
  const contracts = [...new Set(portsOf(plugin).map(({ contract }) => contract))].join(', ');
  return [plugin.name, plugin.version ?? '–', plugin.kind, signature(plugin), contracts, plugin.package];
}

function widthsOf(rows: string[][]): number[] {
  return rows[0]?.map((_, column) => Math.max(...rows.map((each) => each[column]!.length))) ?? [];
}

function table(rows: string[][], widths: number[]): void {
  for (const each of rows)
    console.log(
      `  ${each
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()}`,
    );
}
