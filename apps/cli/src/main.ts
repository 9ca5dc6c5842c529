/** The command line: what is said, and with which exit code. 0 done, 1 failed, 2 a wrong input or call, 130 stopped. */
import { readFileSync } from 'node:fs';
import { coded, DeepFunctorError, type ErrorCode, reasonOf } from '@deepfunctor/core';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
import { learnBridgeCommand, learnFunctorCommand, learnMorphismCommand } from './learn.js';
import { list } from './list.js';
import { run } from './run.js';

/** Errors of what a person gave; the rest are failures of what is installed, or of the machine. */
const GIVEN =
  /^(IMAGE|BITS|SYMBOLS|VALUE|INPUT|STYLE|CHAIN)_|^(USAGE|DATA_MISSING|DATA_BROKEN|OUTPUT_EXISTS|TABLE_INVALID|EXAMPLES_INVALID|CATEGORY_AMBIGUOUS)$/;

const exitCodeOf = (code: ErrorCode) => (code === 'INTERRUPTED' ? 130 : GIVEN.test(code) ? 2 : 1);

/** Run the command with these arguments; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = commands(() => {
    code = 1;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
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

/** `failed` is told where a command has done its work and the answer is no. */
function commands(failed: () => void): Command {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('deepfunctor')
    .description('Compose trained modules: functors read and write formats, morphisms compute between them.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('See deepfunctor --help.');
  program
    .command('list')
    .description('what is installed, by space, with versions and contracts, and why anything was set aside')
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
    .command('export')
    .description('write a whole chain as one ONNX file, which any ONNX runtime takes')
    .argument('<chain>', 'functor -> morphism -> … -> functor; tuples in parentheses')
    .requiredOption('-o, --out <file>', 'FILE.onnx')
    .option('--with-distribution', 'a second output: what the probe reads at the end')
    .option('--json', 'print JSON: file, digest, and the ports with their shapes')
    .addHelpText(
      'after',
      `
The inputs are input (several: input_0, input_1, …) and, where the answer has one, style.

Example:
  deepfunctor export "digits -> add-one -> binary" --out chain.onnx --with-distribution`,
    )
    .action((chain, options) => exportCommand(chain, options));
  program
    .command('evaluate')
    .description('measure the installed plugins: swap matrix, depth, fuzziness, handwriting')
    .requiredOption('--data <dir>', 'folder of the four MNIST files')
    .option('--handwriting <dir>', 'PNG files of another source, named LABEL-anything.png')
    .option('-o, --out <dir>', 'write report.json, report.md and pictures here')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExample:\n  deepfunctor evaluate --data mnist --out report')
    .action((options) => evaluateCommand(options));
  program
    .command('verify')
    .description('check the laws of the installed plugins; exit code 1 where one does not hold')
    .argument('[plugin...]', 'names; the others serve as partners (default: all)')
    .option('--report <file>', 'write a page, FILE.html or FILE.md, with the swap matrix and curves')
    .option('--seed <n>', 'seed of every draw', whole)
    .option('--samples <n>', 'rows for each measurement, about', positive)
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  deepfunctor verify\n  deepfunctor verify add-one digits --report laws.html',
    )
    .action(async (plugins, options) => {
      // Loaded only here: it brings the charts.
      const { verifyCommand } = await import('./verify.js');
      if (!(await verifyCommand(plugins, options))) failed();
    });
  learnCommands(program.command('learn').description('learn a plugin against the frozen space'));
  return program;
}

function learnCommands(learn: Command): void {
  const shared = (command: Command) =>
    command
      .requiredOption('--name <name>', 'name of the plugin in chains')
      .requiredOption('-o, --out <dir>', 'folder of the new package')
      .option('--category <name>', 'the space; may be left out where one is installed')
      .option('--package <name>', 'npm name (default: that of the folder)')
      .option('--description <text>', 'one sentence for package.json')
      .option('--replace', 'write over a package that is there; its version and scripts stay')
      .option('--seed <n>', 'seed of every random choice', whole)
      .option('--steps <n>', 'stop after so many steps', positive)
      .addOption(
        new Option('--engine <engine>', 'tensor engine (default: native where it loads)').choices([
          'native',
          'wasm',
        ]),
      )
      .option('--json', 'print the result as JSON');
  shared(learn.command('morphism').description('learn an operation from its table'))
    .option('--arity <n>', 'how many objects it takes', positive, 1)
    .requiredOption(
      '--table <table>',
      'an expression of a, b, …, or a CSV file: one row for each choice of inputs, the result last',
    )
    .addHelpText(
      'after',
      `
Examples:
  deepfunctor learn morphism --name halve --table "floor(a / 2)" --out morphism-halve
  deepfunctor learn morphism --name integer-division --arity 2 --table "b == 0 ? 0 : floor(a / b)" --out morphism-integer-division`,
    )
    .action((options) => learnMorphismCommand(options));
  shared(learn.command('functor').description('learn a format from labelled examples'))
    .addOption(
      new Option('--codec <codec>', 'the form of the examples')
        .choices(['symbols', 'bits', 'image'])
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--examples <path>',
      'a CSV file of value and text, or a folder of PNG files: LABEL/….png or LABEL-….png',
    )
    .option('--partial', 'cover only the labels that there are examples of')
    .option('--size <pixels>', 'pictures: side', positive)
    .addOption(
      new Option(
        '--fit <fit>',
        'pictures: glyph is centred and scaled by its ink, picture is taken whole',
      ).choices(['glyph', 'picture']),
    )
    .addOption(
      new Option('--empty <empty>', 'pictures: whether one without ink means something').choices([
        'refuse',
        'allow',
      ]),
    )
    .option(
      '--shots <list>',
      'pictures: measure too with so many examples of each label, for example 1,3,10',
      positives,
    )
    .addHelpText(
      'after',
      `
Examples:
  deepfunctor learn functor --name roman --codec symbols --examples roman.csv --out functor-roman
  deepfunctor learn functor --name seven-segment --codec image --examples displays --out functor-seven-segment`,
    )
    .action((options) => learnFunctorCommand(options));
  learn
    .command('bridge')
    .description('learn what leads from one release of a category to another, and back')
    .requiredOption('--from <release>', 'NAME@VERSION of an installed release, or the folder of one')
    .requiredOption('--to <release>', 'another release of the same category')
    .requiredOption('--name <name>', 'name of the plugin')
    .requiredOption('-o, --out <dir>', 'folder of the new package')
    .option('--package <name>', 'npm name (default: that of the folder)')
    .option('--description <text>', 'one sentence for package.json')
    .option('--replace', 'write over a package that is there; its version and scripts stay')
    .option('--seed <n>', 'seed of the noise that it is measured with', whole)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
deepfunctor list shows the installed releases.

Example:
  deepfunctor learn bridge --from fuzzy-digits@1.0.0 --to fuzzy-digits@2.0.0 --name fuzzy-digits-1-to-2 --out bridge-fuzzy-digits-1-to-2`,
    )
    .action((options) => learnBridgeCommand(options));
}

function positive(text: string): number {
  const value = whole(text);
  if (value < 1) throw new InvalidArgumentError('It must be at least 1.');
  return value;
}

function positives(text: string): number[] {
  return text.split(',').map(positive);
}

function collect(value: string, all: string[]): string[] {
  return [...all, value];
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}
