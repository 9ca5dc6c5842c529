/** `npm create deepfunctor`: asks what the plugin is to be, and writes its package. 0 done, 1 failed, 2 a wrong call. */
import { readFileSync } from 'node:fs';
import { DeepFunctorError, fail } from '@deepfunctor/core';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Answers, answersOf, type Flags } from './answers.js';
import { writePackage } from './package.js';

/** Run the command with these arguments; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const { operands, flags } = parsed(argv);
    const given: Flags =
      operands === undefined || flags.dir !== undefined ? flags : { ...flags, dir: operands };
    const answers = answersOf(isComplete(given) ? given : await questions(given));
    writePackage(answers);
    console.log(nextSteps(answers));
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof DeepFunctorError)) throw error;
    console.error(error.message);
    if (error.code === 'INTERRUPTED') return 130;
    return error.code === 'OUTPUT_UNWRITABLE' ? 1 : 2;
  }
}

function parsed(argv: readonly string[]): { operands: string | undefined; flags: Flags } {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const command = new Command('create-deepfunctor')
    .description('Write the package of a new plugin. What no flag says is asked.')
    .version(version)
    .exitOverride()
    .argument('[dir]', 'the same as --dir')
    .addOption(new Option('--kind <kind>', 'what it is').choices(['functor', 'morphism']))
    .option('--name <name>', 'what it is called in a chain')
    .addOption(
      new Option('--codec <codec>', 'functors: the form of a value').choices(['symbols', 'bits', 'image']),
    )
    .option('--examples <path>', 'functors: a CSV file of value and text, or a folder of labelled PNG files')
    .option('--arity <n>', 'morphisms: how many objects it takes', arity)
    .option('--table <table>', 'morphisms: an expression of a, b, …, or a CSV file')
    .option('--dir <dir>', 'the new folder; its name becomes that of the npm package')
    .option('-y, --yes', 'ask nothing: defaults for what no flag says')
    .addHelpText(
      'after',
      `
Examples:
  npm create deepfunctor@latest
  npm create deepfunctor@latest -- --kind functor --name morse --codec symbols --examples morse.csv --yes
  npm create deepfunctor@latest -- --kind morphism --name largest --arity 2 --table "max(a, b)" --yes`,
    )
    .parse([...argv], { from: 'user' });
  return { operands: command.args[0], flags: command.opts<Flags>() };
}

function arity(text: string): number {
  if (!/^[1-9]$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 9.');
  return Number(text);
}

/** Whether nothing is left to ask. */
function isComplete({ kind, name, dir, codec, examples, arity, table, yes }: Flags): boolean {
  if (yes) return true;
  const own = kind === 'functor' ? [codec, examples] : [arity, table];
  return [kind, name, dir, ...own].every((each) => each !== undefined);
}

async function questions(flags: Flags): Promise<Flags> {
  if (!process.stdin.isTTY)
    fail('USAGE', {
      where: 'create-deepfunctor',
      reason: 'nobody is there to answer questions: give --yes, and flags for what is not to be the default',
      help: 'npm create deepfunctor@latest -- --help',
    });
  const { asked } = await import('./questions.js');
  return asked(flags);
}

function nextSteps(answers: Answers): string {
  const { kind, name, dir } = answers;
  const inputs = answers.kind === 'functor' ? [name] : Array.from({ length: answers.arity }, () => 'binary');
  const begin = inputs.length > 1 ? `(${inputs.join(', ')})` : inputs[0]!;
  const chain = kind === 'functor' ? `${begin} -> add-one -> binary` : `${begin} -> ${name} -> binary`;
  return `The ${kind} “${name}” is in ${dir}. Next:

  cd ${dir}
  npm install
  npm run learn   # from ${kind === 'functor' ? 'its examples' : 'its table'}, against the frozen space
  npm test        # the laws
  npm pack

Then install the tarball where you like: npx deepfunctor run "${chain}" ${inputs.map(() => '--input …').join(' ')}`;
}
