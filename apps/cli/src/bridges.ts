import type { Chain } from '@deepfunctor/host';

/** Say on stderr which bridges a chain goes over; nothing where it stays in its spaces. */
export function tellBridges({ bridges }: Chain): void {
  for (const { bridge, from, to, between } of bridges) {
    const [giver, taker] = between;
    const way = `${from.category} ${from.version} to ${to.version}`;
    console.error(`“${giver}” and “${taker}” live in two spaces; the bridge “${bridge}” leads from ${way}.`);
  }
}
