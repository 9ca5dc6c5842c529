/** The command line: what is said, and with which exit code. 0 done, 1 failed, 2 a wrong input or call, 130 stopped. */
import { readFileSync } from 'node:fs';
import { coded, DeepFunctorError, type ErrorCode, reasonOf } from '@deepfunctor/core';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { evaluateCommand } from './evaluate.js';
import { list } from './list.js';
import { run } from './run.js';

/** Errors of what a person gave; the rest are failures of what is installed, or of the machine. */
const GIVEN =
  /^(IMAGE|BITS|SYMBOLS|VALUE|INPUT|STYLE|CHAIN)_|^(USAGE|DATA_MISSING|DATA_BROKEN|OUTPUT_EXISTS)$/;

const exitCodeOf = (code: ErrorCode) => (code === 'INTERRUPTED' ? 130 : GIVEN.test(code) ? 2 : 1);

/** Run the command with these arguments; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = commands();
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const told =
      error instanceof DeepFunctorError
        ? error
        : coded('USAGE', {
            where: 'deepfunctor',
            reason: reasonOf(error),
            help: 'deepfunctor --help',
            cause: error,
          });
    if (argv.includes('--json')) console.log(JSON.stringify({ error: told }, null, 2));
    else console.error(told.message);
    return error instanceof DeepFunctorError ? exitCodeOf(error.code) : 1;
  }
}

function commands(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('deepfunctor')
    .description('Compose trained modules: functors read and write formats, morphisms compute between them.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('See deepfunctor --help.');
  program
    .command('list')
    .description('what is installed, with versions and contracts, and why anything was set aside')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  deepfunctor list --json')
    .action((options) => list(options));
  program
    .command('run')
    .description('run inputs through a chain')
    .argument('<chain>', 'functor -> morphism -> … -> functor; tuples in parentheses')
    .option('-i, --input <input>', 'a PNG file or a text; again for more', collect, [])
    .option('-o, --out <path>', 'a folder, or FILE.png for one picture')
    .option('--seed <n>', 'sample the style of a picture with this seed', whole)
    .addOption(
      new Option('--style <style>', 'where the style of a picture comes from').choices([
        'asker',
        'sampled',
        'canonical',
      ]),
    )
    .option('--json', 'print JSON: values, and the distributions before and after')
    .addHelpText(
      'after',
      `
Examples:
  deepfunctor run "digits -> add-one -> binary" --input seven.png
  deepfunctor run "digits -> add-one -> times-two -> dots" --input seven.png --out answers
  deepfunctor run "binary -> add-one -> digits" --input 0110 --out six-plus-one.png --seed 3`,
    )
    .action((chain, options) => run(chain, options));
  program
    .command('evaluate')
    .description('measure the installed plugins: swap matrix, depth, fuzziness, handwriting')
    .requiredOption('--data <dir>', 'folder of the four MNIST files')
    .option('--handwriting <dir>', 'PNG files of another source, named LABEL-anything.png')
    .option('-o, --out <dir>', 'write report.json, report.md and pictures here')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExample:\n  deepfunctor evaluate --data mnist --out report')
    .action((options) => evaluateCommand(options));
  return program;
}

function collect(value: string, all: string[]): string[] {
  return [...all, value];
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}
