import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

/** The machine in a line. */
export function machine() {
  const system = readFileSync('/etc/os-release', 'utf8').match(/PRETTY_NAME="(.*)"/)?.[1] ?? process.platform;
  return `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${system}, Node ${process.version}`;
}

/** Whether more ran than there are cores for; the ratios of a busy machine are uncertain. */
export function busy() {
  return loadavg()[0] > cpus().length * 1.5;
}
