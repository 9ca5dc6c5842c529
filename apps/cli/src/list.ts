import { openHost, type Plugin } from '@deepfunctor/host';

/** `deepfunctor list`. */
export async function list({ json = false }: { json?: boolean }): Promise<void> {
  const host = await openHost();
  const { categories, plugins, setAside } = host;
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
      plugins: plugins.map((plugin) => ({
        name: plugin.name,
        kind: plugin.kind,
        package: plugin.package,
        version: plugin.version,
        directory: plugin.directory,
        signature: signature(plugin),
        ports: portsOf(plugin),
        codec: plugin.kind === 'functor' ? plugin.manifest.codec.kind : undefined,
      })),
      setAside: setAside.map(({ error, ...rest }) => ({ ...rest, error })),
    };
    console.log(JSON.stringify(told, null, 2));
    return;
  }
  for (const { name, version, labels, digest } of categories)
    console.log(`${name} ${version}: ${labels.length} labels, space ${digest.slice(0, 19)}…`);
  if (plugins.length === 0) console.log('No plugin is installed in this project.');
  table(
    plugins.map((plugin) => [
      plugin.name,
      plugin.version ?? '–',
      plugin.kind,
      signature(plugin),
      portsOf(plugin)[0]!.contract,
      plugin.package,
    ]),
  );
  for (const { name, error } of setAside) console.log(`\nset aside: ${name}\n${error.message}`);
}

const portsOf = (plugin: Plugin) =>
  plugin.kind === 'functor' ? [plugin.manifest.port] : [...plugin.manifest.inputs, plugin.manifest.output];

function signature(plugin: Plugin): string {
  return plugin.kind === 'functor'
    ? `${plugin.category.name} ↔ ${plugin.manifest.codec.kind}`
    : `${plugin.inputs.map(({ name }) => name).join(', ')} → ${plugin.output.name}`;
}

function table(rows: string[][]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  for (const row of rows)
    console.log(
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()}`,
    );
}
