import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { coded, fileRef } from '@deepfunctor/core';

import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
// The built files, because pictures are decoded by threads of their own.
import {
  type Chain,
  type Host,
  normals,
  openHost,
  STREAM_BATCH,
  type Streamed,
  type StreamOptions,
  type StreamQuestion,
  toPng,
} from '../dist/index.js';
import { type AtEnd, buildWorld, inBar, SIDE, temporaryFolder, type World } from './world.js';

const cleaning: (() => unknown)[] = [];
const afterThese: AtEnd = (clean) => cleaning.push(clean);
let world: World;
let host: Host;
beforeAll(async () => {
  world = buildWorld(afterThese);
  host = await openHost({ cwd: world.project });
});
afterAll(async () => {
  await host.close();
  for (const clean of cleaning.splice(0)) await clean();
});

const WORDS = ['do', 'mi', 'sol'];
const bar = (label: number) =>
  toPng(
    Float32Array.from({ length: SIDE * SIDE }, (_, pixel) => (inBar(label, pixel) ? 1 : 0)),
    SIDE,
    SIDE,
  );

/** So many values, one after another; `taken` counts how many were asked for. */
function counted(count: number, of: (index: number) => StreamQuestion = (i) => WORDS[i % 3]!) {
  const source = {
    taken: 0,
    *[Symbol.iterator]() {
      for (let index = 0; index < count; index++) {
        source.taken++;
        yield of(index);
      }
    },
  };
  return source;
}

async function all(
  chain: Chain,
  questions: Iterable<StreamQuestion> | AsyncIterable<StreamQuestion>,
  options?: StreamOptions,
) {
  const results: Streamed[] = [];
  for await (const result of chain.stream(questions, options)) results.push(result);
  return results;
}

describe('a stream answers', () => {
  test('every question once and in order, whatever the size of its batches', async () => {
    const chain = host.compose('words -> next -> words');
    const expected = Array.from({ length: 200 }, (_, i) => WORDS[(i + 1) % 3]);
    for (const batch of [1, 7, 64, 500]) {
      const results = await all(chain, counted(200), { batch });
      expect(results.map(({ index }) => index)).toEqual([...Array(200).keys()]);
      expect(results.map(({ answer }) => answer?.value)).toEqual(expected);
    }
    expect(await all(chain, [])).toEqual([]);
  });

  test('tuples, and asynchronous questions', async () => {
    const chain = host.compose('(words, keys) -> plus -> words');
    async function* pairs() {
      for (const [a, word] of WORDS.entries())
        for (const [b, key] of ['00', '01', '10'].entries()) yield { a, b, forms: [word, key] };
    }
    const sums: number[] = [];
    async function* questions() {
      for await (const { a, b, forms } of pairs()) {
        sums.push((a + b) % 3);
        yield forms;
      }
    }
    const results = await all(chain, questions());
    expect(results.map(({ answer }) => answer?.value)).toEqual(sums.map((sum) => WORDS[sum]));
  });

  test('the same as runBatch to the last bit, with sampled styles, continued at any number', async () => {
    const chain = host.compose('words -> next -> bars');
    const questions = Array.from({ length: 40 }, (_, i) => WORDS[i % 3]!);
    const options = { seed: 5, style: 'sampled' as const };
    const together = await chain.runBatch(
      questions.map((question) => [question]),
      options,
    );
    for (const from of [0, 1, 16, 39]) {
      const results = await all(chain, questions.slice(from), { ...options, batch: 16, from });
      expect(results.map(({ index }) => index)).toEqual(questions.slice(from).map((_, i) => from + i));
      for (const { index, answer } of results)
        expect([...answer!.output], `question ${index}`).toEqual([...together[index]!.output]);
    }
    for (const from of [0, 1, 2, 7]) expect(normals(5, 3, from)).toEqual(normals(from + 5, 3).slice(from));
  });

  test('pictures and files of them by threads as without', async () => {
    const folder = temporaryFolder();
    // So many that a thread which begins late on a busy machine has its share, too.
    const questions = Array.from({ length: 500 }, (_, i) => {
      const png = bar(i % 3);
      if (i % 2 === 0) return png;
      writeFileSync(join(folder, `${i}.png`), png);
      return { file: join(folder, `${i}.png`) };
    });
    const chain = host.compose('bars -> next -> words');
    const expected = questions.map((_, i) => WORDS[(i + 1) % 3]);
    const running = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const before = running();
    // A port is gone a moment after its thread has ended.
    const gone = () => vi.waitFor(() => expect(running()).toBe(before), { timeout: 5000 });
    for (const threads of [0, 1, 3]) {
      let most = 0;
      const results: Streamed[] = [];
      for await (const result of chain.stream(questions, { threads, batch: 32 })) {
        results.push(result);
        most = Math.max(most, running() - before);
      }
      expect(results.map(({ answer }) => answer?.value)).toEqual(expected);
      expect(most).toBe(threads);
      await gone();
    }
    for await (const _ of chain.stream(questions, { threads: 2, batch: 20 })) break;
    await gone();
  });
});

describe('a question that cannot be answered', () => {
  test('gives its coded error, and the rest goes on', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'folder.png'));
    const chain = host.compose('bars -> next -> words');
    for (const threads of [0, 2]) {
      const results = await all(
        chain,
        [
          bar(0),
          Buffer.from('no picture'),
          { file: join(folder, 'absent.png') },
          { file: join(folder, 'folder.png') },
          'do',
          [bar(0), bar(1)],
          coded('INPUT_LINE', { where: 'line 7', reason: 'it is torn' }),
          ...Array.from({ length: 20 }, () => bar(1)),
        ],
        { threads },
      );
      expect(results).toHaveLength(27);
      expect(results.slice(0, 8).map(({ answer, error }) => answer?.value ?? error?.code)).toEqual([
        'mi',
        'IMAGE_UNREADABLE',
        'INPUT_MISSING',
        'INPUT_MISSING',
        'INPUT_KIND',
        'INPUT_COUNT',
        'INPUT_LINE',
        'sol',
      ]);
      const errors = results.map(({ error }) => error?.message);
      expect(errors[1]).toBe(
        'This is not a readable PNG image: it does not begin as a PNG file does. [IMAGE_UNREADABLE]\n  where: question 2\n' +
          '  do: Give a PNG file; convert other formats first, and fetch the file again if it is cut short.',
      );
      expect(errors[2]).toContain(`where: ${join(folder, 'absent.png')}`);
      expect(errors[3]).toContain('it is not a regular file');
      expect(errors[5]).toContain('takes 1 input(s) and was given 2');
    }
  });

  test('what the questions throw comes after the answers to those before', async () => {
    const chain = host.compose('words -> next -> words');
    function* torn() {
      yield 'do';
      yield 'mi';
      throw new Error('the line is torn');
    }
    const values: unknown[] = [];
    await expect(async () => {
      for await (const { answer } of chain.stream(torn())) values.push(answer?.value);
    }).rejects.toThrow('the line is torn');
    expect(values).toEqual(['mi', 'sol']);
  });

  test('a broken plugin ends the stream: it concerns every question', async () => {
    const broken = buildWorld();
    writeFileSync(join(broken.folder('morphism-next'), 'weights/morphism.onnx'), 'x'.repeat(100));
    broken.edit('morphism-next', (json) => {
      json.deepfunctor.files.morphism = fileRef(broken.folder('morphism-next'), 'weights/morphism.onnx');
    });
    const other = await openHost({ cwd: broken.project });
    onTestFinished(() => other.close());
    await expect(all(other.compose('words -> next -> words'), counted(10))).rejects.toMatchObject({
      code: 'WEIGHTS_BROKEN',
    });
  });
});

describe('back-pressure', () => {
  test('a slow consumer is never more than three batches behind what was read', async () => {
    const chain = host.compose('words -> next -> words');
    for (const batch of [1, 10, STREAM_BATCH]) {
      const source = counted(2000);
      let consumed = 0;
      let most = 0;
      for await (const _ of chain.stream(source, { batch })) {
        if (consumed % (5 * batch) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        most = Math.max(most, source.taken - consumed);
        consumed++;
        if (consumed === Math.min(2000, 20 * batch)) break;
      }
      expect(most).toBeGreaterThan(batch);
      expect(most).toBeLessThanOrEqual(3 * batch);
    }
  });

  test('nothing is read before the first answer is asked for', async () => {
    const source = counted(10);
    const answers = host.compose('words -> next -> words').stream(source);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(source.taken).toBe(0);
    await answers.return(undefined);
  });

  test('with `wait`, questions that come slowly are answered before their batch is full', async () => {
    const chain = host.compose('words -> next -> words');
    let send = (_: string) => {};
    async function* typed() {
      for (;;) yield await new Promise<string>((resolve) => (send = resolve));
    }
    const answers = chain.stream(typed(), { wait: 20 });
    for (const [at, word] of WORDS.entries()) {
      const next = answers.next();
      await new Promise((resolve) => setTimeout(resolve, 10));
      send(word);
      expect((await next).value).toMatchObject({ index: at, answer: { value: WORDS[(at + 1) % 3] } });
    }
  });
});
