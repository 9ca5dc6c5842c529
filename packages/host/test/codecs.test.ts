import type { BitsCodec, Codec, ImageCodec, SymbolsCodec } from '@deepfunctor/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeOutput, encodeInput, rowShape, toPng } from '../src/index.js';
import { drawn } from './pictures.js';

const bits: BitsCodec = { kind: 'bits', version: 1, width: 3, values: ['000', '001', '010', '011', '100'] };
const words: SymbolsCodec = {
  kind: 'symbols',
  version: 1,
  length: 3,
  alphabet: ['', 'd', 'o', 'm', 'i', 's', 'l'],
  values: ['do', 'mi', 'sol'],
};
const glyph: ImageCodec = {
  kind: 'image',
  version: 1,
  channels: 1,
  height: 28,
  width: 28,
  fit: 'glyph',
  empty: 'refuse',
};
const reader = { functor: 'reader', where: 'the test' };
const refusal = (codec: Codec, form: unknown) => {
  try {
    encodeInput(codec, form as string, reader);
  } catch (thrown) {
    return (thrown as { code?: string }).code;
  }
  return undefined;
};

describe('bits and symbols', () => {
  test('every value comes back from its row', () => {
    for (const codec of [bits, words]) {
      for (const value of codec.values) {
        const row = encodeInput(codec, value, reader);
        expect(row.length).toBe(rowShape(codec).reduce((a, b) => a * b));
        expect(decodeOutput(codec, row)).toEqual({ value, raw: value });
      }
    }
  });

  test('the most significant bit is the first', () => {
    expect([...encodeInput(bits, '100', reader)]).toEqual([1, 0, 0]);
  });

  test('an output that spells no value is read as the likeliest one, and shown as it is', () => {
    expect(decodeOutput(bits, Float32Array.of(0.9, 0.6, 0.2))).toEqual({ value: '100', raw: '110' });
    const row = encodeInput(words, 'sol', reader);
    row.set([0, 0.4, 0, 0.6, 0, 0, 0], 0);
    expect(decodeOutput(words, row)).toEqual({ value: 'sol', raw: 'mol' });
    row.set([1, 0, 0, 0, 0, 0, 0], 7);
    expect(decodeOutput(words, row).raw).toBe('m␣l');
  });

  test('small errors change nothing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<BitsCodec | SymbolsCodec>(bits, words),
        fc.nat(),
        fc.infiniteStream(fc.double({ min: 0, max: 0.3, noNaN: true })),
        (codec, pick, errors) => {
          const value = codec.values[pick % codec.values.length]!;
          const row = encodeInput(codec, value, reader).map((p) => Math.abs(p - errors.next().value));
          expect(decodeOutput(codec, row)).toEqual({ value, raw: value });
        },
      ),
    );
  });

  test('an output that is not a number is still read', () => {
    expect(bits.values).toContain(decodeOutput(bits, new Float32Array(3).fill(Number.NaN)).value);
  });

  test.each([
    [bits, '10110', 'BITS_INVALID'],
    [bits, '0x7', 'BITS_INVALID'],
    [bits, '', 'BITS_INVALID'],
    [bits, '111', 'VALUE_OUTSIDE_DOMAIN'],
    [words, 'fa', 'SYMBOLS_INVALID'],
    [words, 'solo', 'SYMBOLS_INVALID'],
    [words, 'dol', 'VALUE_OUTSIDE_DOMAIN'],
    [words, '', 'SYMBOLS_INVALID'],
    [bits, new Uint8Array(3), 'INPUT_KIND'],
    [words, 7, 'INPUT_KIND'],
    [glyph, '001', 'INPUT_KIND'],
    [glyph, { width: 3, height: 3, data: new Uint8Array(3) }, 'INPUT_KIND'],
  ] as const)('%o refuses %o', (codec, form, code) => {
    expect(refusal(codec, form)).toBe(code);
  });

  test('no text is read as another', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('0', '1', 'd', 'o', ' ') }), (text) => {
        expect(refusal(bits, text) === undefined).toBe(bits.values.includes(text));
        expect(refusal(words, text) === undefined).toBe(words.values.includes(text));
      }),
    );
  });
});

describe('images', () => {
  const blank = toPng(new Float32Array(400), 20, 20);
  test('an empty picture is refused or is zeros, as the codec says', () => {
    expect(refusal(glyph, blank)).toBe('IMAGE_EMPTY');
    const row = encodeInput({ ...glyph, fit: 'picture', empty: 'allow' }, blank, reader);
    expect(row).toEqual(new Float32Array(784));
  });

  test('an output is a PNG, that reads back as the same row', () => {
    const { gray } = drawn(28, 28, (x, y) => Number(Math.abs(x - 14) < 2 && Math.abs(y - 14) < 10));
    const { png, value } = decodeOutput(glyph, gray);
    expect(png).toBe(value);
    expect(encodeInput(glyph, png!, reader)).toEqual(gray);
  });

  test('a canvas is as good as a file', () => {
    const data = new Uint8ClampedArray(4 * 40 * 40).fill(255);
    for (let at = 40 * 10; at < 40 * 30; at++) if (at % 40 > 15 && at % 40 < 25) data.set([0, 0, 0], 4 * at);
    const row = encodeInput(glyph, { width: 40, height: 40, data }, reader);
    expect(row.some((v) => v > 0.9)).toBe(true);
    expect(() => encodeInput(glyph, { width: 0, height: 5, data: new Uint8Array(0) }, reader)).toThrow(
      expect.objectContaining({ code: 'IMAGE_SIZE' }),
    );
  });
});
