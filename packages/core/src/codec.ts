/** Codecs: what a manifest declares about the way between a person's form and a tensor. The host does the work. */
import { z } from 'zod';
import { distinct, sizeSchema } from './schema.js';

/** A PNG of any size ↔ float32 `[n, 1, height, width]`, 0 … 1, ink is 1. */
export interface ImageCodec {
  kind: 'image';
  /** Version of the codec. */
  version: 1;
  /** Grey only. */
  channels: 1;
  /** In pixels. */
  height: number;
  /** In pixels. */
  width: number;
  /** `glyph`: one sign, centred and scaled by its ink as MNIST was; `picture`: the whole picture. */
  fit: 'glyph' | 'picture';
  /** Whether an image without ink is an input (`allow`) or an error (`refuse`). */
  empty: 'refuse' | 'allow';
}

/** A binary number such as `0111` ↔ float32 `[n, width]`, most significant bit first; on output a probability. */
export interface BitsCodec {
  kind: 'bits';
  /** Version of the codec. */
  version: 1;
  /** How many bits. */
  width: number;
  /** A person's form of each label, in the order of the domain. */
  values: string[];
}

/** A word such as `VII` ↔ float32 `[n, length, alphabet.length]`, one-hot with padding; on output probabilities. */
export interface SymbolsCodec {
  kind: 'symbols';
  /** Version of the codec. */
  version: 1;
  /** How many symbols the longest word has. */
  length: number;
  /** One character each, except index 0: the padding, an empty text. */
  alphabet: string[];
  /** A person's form of each label, in the order of the domain. */
  values: string[];
}

export type Codec = ImageCodec | BitsCodec | SymbolsCodec;

const version = z.literal(1);

export const codecSchema = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('image'),
        version,
        channels: z.literal(1),
        height: sizeSchema.max(4096),
        width: sizeSchema.max(4096),
        fit: z.enum(['glyph', 'picture']),
        empty: z.enum(['refuse', 'allow']),
      }),
      z.strictObject({
        kind: z.literal('bits'),
        version,
        width: sizeSchema.max(64),
        values: z.array(z.string()),
      }),
      z.strictObject({
        kind: z.literal('symbols'),
        version,
        length: sizeSchema,
        alphabet: z.array(z.string()).min(2),
        values: z.array(z.string()),
      }),
    ],
    { error: 'must be “image”, “bits” or “symbols”' },
  )
  .superRefine((codec, context) => {
    if (codec.kind === 'image') return;
    distinct(codec.values, context, ['values']);
    if (codec.kind === 'symbols') checkAlphabet(codec.alphabet, context);
    for (const [index, value] of codec.values.entries()) {
      const problem = codec.kind === 'bits' ? bitsProblem(value, codec) : symbolsProblem(value, codec);
      if (problem !== undefined)
        context.addIssue({ code: 'custom', path: ['values', index], message: problem });
    }
  }) satisfies z.ZodType<Codec>;

/** Why a text is not a binary number of the codec's width, or undefined where it is. */
export function bitsProblem(value: string, { width }: BitsCodec): string | undefined {
  return value.length === width && /^[01]*$/.test(value)
    ? undefined
    : `must be ${width} characters, each 0 or 1`;
}

/** Why a text cannot be spelled by the codec, or undefined where it can. */
export function symbolsProblem(value: string, { length, alphabet }: SymbolsCodec): string | undefined {
  const symbols = [...value];
  if (symbols.length === 0) return 'it is empty';
  if (symbols.length > length) return `it has ${symbols.length} symbols; at most ${length} fit`;
  const stranger = symbols.find((symbol) => !alphabet.includes(symbol));
  return stranger === undefined ? undefined : `“${stranger}” is not a symbol of its alphabet`;
}

function checkAlphabet(alphabet: readonly string[], context: z.RefinementCtx): void {
  distinct(alphabet, context, ['alphabet']);
  for (const [index, symbol] of alphabet.entries()) {
    if ([...symbol].length === (index === 0 ? 0 : 1)) continue;
    const message = index === 0 ? 'must be the padding, an empty text' : 'must be one character';
    context.addIssue({ code: 'custom', path: ['alphabet', index], message });
  }
}
