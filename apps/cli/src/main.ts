/** The command line: what is said, and with which exit code. 0 done, 1 failed, 2 a wrong input or call, 130 stopped. */
import { readFileSync } from 'node:fs';
import { coded, DeepFunctorError, type ErrorCode, reasonOf } from '@deepfunctor/core';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { list } from './list.js';
import { run } from './run.js';

/** Errors of what a person gave; the rest are failures of what is installed, or of the machine. */
const GIVEN =
  /^(IMAGE|BITS|SYMBOLS|VALUE|INPUT|STYLE|CHAIN)_|^(USAGE|DATA_MISSING|DATA_BROKEN|OUTPUT_EXISTS|RESULTS_MISMATCH|SERVE_CONFIG|TABLE_INVALID|EXAMPLES_INVALID|CATEGORY_AMBIGUOUS)$/;

const exitCodeOf = (code: ErrorCode) => (code === 'INTERRUPTED' ? 130 : GIVEN.test(code) ? 2 : 1);

/** Run the command with these arguments; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = commands((as = 1) => {
    code = as;
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

/** `failed` is told where a command has done its work and the answer is no, with the exit code if it is not 1. */
function commands(failed: (as?: number) => void): Command {
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
    .option(
      '-i, --input <input>',
      'a PNG file or a text; again for more. Many: a folder, a pattern in quotes, or - for lines of the standard input',
      collect,
      [],
    )
    .option(
      '-o, --out <path>',
      'a folder, or FILE.png for one picture. Many: a folder, or FILE.ndjson; the same call continues a run that was stopped',
    )
    .option('-0, --null', 'many: inputs from - end with a zero byte, as find -print0 writes them')
    .option('--threads <n>', 'many: threads that read and decode pictures (0: none)', notNegative)
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
  deepfunctor run "binary -> add-one -> digits" --input 0110 --out six-plus-one.png --seed 3

Many inputs give a line of JSON each, in their order; one without an answer does not stop the rest (exit code 2):
  deepfunctor run "digits -> add-one -> roman" --input scans
  deepfunctor run "digits -> add-one -> dots" --input "scans/**/*.png" --out answers
  deepfunctor run "(digits, digits) -> add -> binary" --input left --input right --out sums.ndjson
  find scans -name "*.png" -print0 | deepfunctor run "digits -> add-one -> roman" --input - --null`,
    )
    .action(async (chain, options) => {
      if ((await run(chain, options)) > 0) failed(2);
    });
  program
    .command('export')
    .description('write a whole chain as one ONNX file, which any ONNX runtime takes')
    .argument('<chain>', 'functor -> morphism -> … -> functor; tuples in parentheses')
    .option('-o, --out <file>', 'FILE.onnx')
    .option('--triton <dir>', 'instead: a folder of models, as Triton and KServe serve them')
    .option('--name <name>', 'with --triton: of the model (default: the names of the chain)')
    .option('--max-batch <n>', 'with --triton: rows of one run (default: 256)', positive)
    .option('--with-distribution', 'a second output: what the probe reads at the end')
    .option('--json', 'print JSON: file, digest, and the ports with their shapes')
    .addHelpText(
      'after',
      `
The inputs are input (several: input_0, input_1, …) and, where the answer has one, style.

Examples:
  deepfunctor export "digits -> add-one -> binary" --out chain.onnx --with-distribution
  deepfunctor export "digits -> add-one -> binary" --triton models --name one-more --max-batch 64`,
    )
    .action(async (chain, options) => (await import('./export.js')).exportCommand(chain, options));
  program
    .command('tensors')
    .description('the codecs as a filter: rows of a program in, the tensors that an exported chain takes out')
    .argument('<chain>', 'functor -> morphism -> … -> functor; tuples in parentheses')
    .addHelpText(
      'after',
      `
Each line in is a row, {"key": "a", "inputs": ["0111"]}; a picture is {"png": "<base64>"}. The first line out tells
the inputs and their shapes; then comes, for each row, {"key", "tensors": ["<float32, base64>"]} or {"key", "error"}.

Example:
  deepfunctor tensors "binary -> add-one -> digits" < rows.ndjson > tensors.ndjson`,
    )
    .action(async (chain) => (await import('./tensors.js')).tensorsCommand(chain));
  program
    .command('evaluate')
    .description('measure the installed plugins: swap matrix, depth, fuzziness, handwriting')
    .requiredOption('--data <dir>', 'folder of the four MNIST files')
    .option('--handwriting <dir>', 'PNG files of another source, named LABEL-anything.png')
    .option('-o, --out <dir>', 'write report.json, report.md and pictures here')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', '\nExample:\n  deepfunctor evaluate --data mnist --out report')
    .action(async (options) => (await import('./evaluate.js')).evaluateCommand(options));
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
  serveOptions(program.command('serve'));
  learnCommands(program.command('learn').description('learn a plugin against the frozen space'));
  return program;
}

function serveOptions(serve: Command): void {
  serve
    .description('serve chains over HTTP: the Open Inference Protocol, version 2')
    .option('--host <address>', 'where to listen (default: 127.0.0.1, this machine only)')
    .option('-p, --port <n>', 'port; 0 takes a free one (default: 8000)', whole)
    .option('-c, --config <file>', 'JSON: named models, limits, whether requests may name any chain')
    .option('--with-distribution', 'chains have the output distribution too: what the probe reads at the end')
    .option('--max-batch <rows>', 'rows that one run computes, and that one request may have', positive)
    .option('--max-delay <ms>', 'how long a request may wait for others to share its run', Number)
    .option('--threads <n>', 'threads that compute one run (default: 1)', positive)
    .option('--queue <n>', 'requests under way at a time; one more is answered 429', positive)
    .option('--body-limit <bytes>', 'a larger body is answered 413', positive)
    .option('--timeout <seconds>', 'time for a request from its head to its answer', Number)
    .option('--models <n>', 'chains kept open that requests have named', positive)
    .option('--token <token>', 'the bearer token that requests must carry; safer in DEEPFUNCTOR_TOKEN')
    .option('--json', 'print what happens as JSON, one line an event')
    .addHelpText(
      'after',
      `
A model is called as in the configuration, or by the text of its chain. SIGHUP reads plugins and configuration again.

Examples:
  deepfunctor serve
  deepfunctor serve --port 8080 --config serve.json --max-delay 2
  curl "http://127.0.0.1:8000/v2/models/$(jq -rn '"digits -> add-one -> roman" | @uri')"`,
    )
    .action(async (options) => {
      // Loaded only here: it brings the web framework.
      const { serveCommand } = await import('./serve.js');
      await serveCommand(options);
    });
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
    .action(async (options) => (await import('./learn.js')).learnMorphismCommand(options));
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
    .action(async (options) => (await import('./learn.js')).learnFunctorCommand(options));
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
    .action(async (options) => (await import('./learn.js')).learnBridgeCommand(options));
}

function positive(text: string): number {
  const value = whole(text);
  if (value < 1) throw new InvalidArgumentError('It must be at least 1.');
  return value;
}

function notNegative(text: string): number {
  const value = whole(text);
  if (value < 0) throw new InvalidArgumentError('It must be at least 0.');
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
