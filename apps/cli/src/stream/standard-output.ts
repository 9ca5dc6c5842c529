/** Lines to the standard output, no faster than its reader takes them. */

export interface LineWriter {
  /** Resolves when there is room for more; false once the reader has left. */
  write(line: string): Promise<boolean>;
}

export function standardOutput(): LineWriter {
  let gone = false;
  let goOn = () => {};
  process.stdout.on('error', () => {
    gone = true;
    goOn();
  });
  process.stdout.on('drain', () => goOn());
  return {
    async write(line) {
      if (!gone && !process.stdout.write(`${line}\n`))
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      return !gone;
    },
  };
}
