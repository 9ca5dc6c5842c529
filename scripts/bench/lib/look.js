// Discovers the plugins of the project that is named; prints how many, and the milliseconds.
import { discover } from '../../../packages/host/dist/index.js';

const [cwd] = process.argv.slice(2);
const from = performance.now();
const { plugins, setAside } = discover({ cwd });
const ms = performance.now() - from;
if (setAside.length > 0) throw setAside[0].error;
console.log(JSON.stringify({ plugins: plugins.length, ms }));
