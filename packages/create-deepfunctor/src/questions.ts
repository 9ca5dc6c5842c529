/** Asks for what the flags do not say. */
import { type CANCEL_SYMBOL, cancel, intro, isCancel, select, text } from '@clack/prompts';
import { coded } from '@deepfunctor/core';
import {
  defaultTable,
  type Flags,
  isCsv,
  isTaken,
  nameProblem,
  packageNameProblem,
  sourceKind,
  sourceProblem,
} from './answers.js';

/** The flags with an answer in every gap. Errors: INTERRUPTED. */
export async function asked(flags: Flags): Promise<Flags> {
  intro('A new plugin for Deep Functor');
  const kind =
    flags.kind ??
    said(
      await select({
        message: 'What is it to be?',
        options: [
          { value: 'functor' as const, label: 'functor', hint: 'reads and writes a format' },
          { value: 'morphism' as const, label: 'morphism', hint: 'computes with objects' },
        ],
      }),
    );
  const name =
    flags.name ??
    said(
      await text({
        message: 'What is it called in a chain?',
        placeholder: kind === 'functor' ? 'morse' : 'largest',
        validate: (value) => nameProblem(value ?? ''),
      }),
    );
  const rest = kind === 'functor' ? await functor(flags) : await morphism(flags);
  const dir =
    flags.dir ??
    said(
      await text({
        message: 'Into which folder? Its name becomes that of the npm package.',
        initialValue: `${kind}-${name}`,
        validate: (value = '') =>
          packageNameProblem(value) ?? (isTaken(value) ? 'It exists already.' : undefined),
      }),
    );
  return { ...flags, kind, name, ...rest, dir };
}

const wrong = (path: string, codec: NonNullable<Flags['codec']>) => sourceProblem(path, sourceKind(codec));

async function functor(flags: Flags): Promise<Flags> {
  const codec =
    flags.codec ??
    said(
      await select({
        message: 'What does a value look like?',
        options: [
          { value: 'symbols' as const, label: 'symbols', hint: 'a word: VII' },
          { value: 'bits' as const, label: 'bits', hint: 'zeros and ones: 0111' },
          { value: 'image' as const, label: 'image', hint: 'a picture' },
        ],
      }),
    );
  if (flags.examples !== undefined) return { codec };
  const examples = said(
    await text(
      codec === 'image'
        ? {
            message: 'Where are labelled pictures? PNG files, LABEL/….png or LABEL-….png',
            validate: (value) => (value ? wrong(value, codec) : 'Pictures cannot be made up.'),
          }
        : {
            message:
              'Where are examples? A CSV file of value and text; leave it empty to begin with made-up ones',
            defaultValue: '',
            validate: (value) => (value ? wrong(value, codec) : undefined),
          },
    ),
  );
  return examples === '' ? { codec } : { codec, examples };
}

async function morphism(flags: Flags): Promise<Flags> {
  const arity =
    flags.arity ??
    Number(
      said(
        await text({
          message: 'How many objects does it take?',
          initialValue: '1',
          validate: (value) => (/^[1-9]$/.test(value ?? '') ? undefined : 'A whole number from 1 to 9.'),
        }),
      ),
    );
  const table =
    flags.table ??
    said(
      await text({
        message: 'What does it compute? An expression of a, b, …, or a CSV file',
        initialValue: defaultTable(arity),
        validate: (value) =>
          value ? (isCsv(value) ? sourceProblem(value, 'file') : undefined) : 'Something, such as max(a, b).',
      }),
    );
  return { arity, table };
}

function said<T>(answer: T | typeof CANCEL_SYMBOL): T {
  if (!isCancel(answer)) return answer as T;
  cancel('Nothing was written.');
  throw coded('INTERRUPTED', { where: 'create-deepfunctor', resume: 'nothing was written' });
}
