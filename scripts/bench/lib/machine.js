import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

/** The machine in a line, with how busy it was; a busy one makes ratios uncertain. */
export function machine() {
  const [load] = loadavg();
  const quiet = load < cpus().length * 1.5 ? '' : ` (busy: load ${load.toFixed(1)})`;
  const system = readFileSync('/etc/os-release', 'utf8').match(/PRETTY_NAME="(.*)"/)?.[1] ?? process.platform;
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${system}, Node ${process.version}${quiet}`;
}
