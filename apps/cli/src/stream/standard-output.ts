/** Lines to the standard output, no faster than its reader takes them. */
import { once } from 'node:events';

export interface LineWriter {
  /** Resolves when there is room for more; false once the reader has left. */
  write(line: string): Promise<boolean>;
}

export function standardOutput(): LineWriter {
  let gone = false;
  process.stdout.on('error', () => {
    gone = true;
  });
  return {
    async write(line) {
      if (gone) return false;
      if (!process.stdout.write(`${line}\n`))
        // Its error ends the wait as well.
        await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(
          () => undefined,
        );
      return !gone;
    },
  };
}
