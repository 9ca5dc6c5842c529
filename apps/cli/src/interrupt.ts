/**
 * Makes `listener` what an interrupt means from now on; with `once`, only the next one. Earlier listeners go after it has
 * come: a signal that arrived while there were none would be lost.
 */
export function onInterrupt(listener: () => void, { once = false } = {}): void {
  const earlier = process.listeners('SIGINT');
  if (once) process.once('SIGINT', listener);
  else process.on('SIGINT', listener);
  for (const each of earlier) process.off('SIGINT', each);
}
