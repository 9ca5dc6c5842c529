/** `site build` and `site dev`: the pages are written, then VitePress builds or serves them. */
import { fileURLToPath } from 'node:url';
import { build, createServer } from 'vitepress';
import { writeSite } from '../site.js';

const folder = fileURLToPath(new URL('../..', import.meta.url));
const [command] = process.argv.slice(2);
if (command !== 'build' && command !== 'dev') {
  console.error('Usage: site build | dev');
  process.exit(2);
}
await writeSite();
if (command === 'build') await build(folder);
else {
  const server = await createServer(folder, { host: '127.0.0.1' });
  await server.listen();
  server.printUrls();
}
