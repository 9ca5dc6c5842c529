import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { bin, root } from './command.js';

vi.setConfig({ testTimeout: 240_000 });
const folder = mkdtempSync(join(tmpdir(), 'cli-stream-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string) => join(folder, name);

const ROMAN = ['N', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'];
const NAMES = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const digit = (label: number, copy = 1) => join(root, `examples/digits/${NAMES[label]}-${copy}.png`);
const bits = (index: number) => (index % 10).toString(2).padStart(4, '0');

interface Result {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** The real command in a process of its own. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [bin, 'run', ...args], { cwd: root, env: { ...process.env, ...env } });
}

function ended(child: ChildProcess): Promise<Result> {
  const told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', (text) => {
      told[name] += text;
    });
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, ...told }));
  });
}

function run(args: readonly string[], input?: string | Iterable<string>, env?: NodeJS.ProcessEnv) {
  const child = start(args, env);
  const result = ended(child);
  child.stdin!.on('error', () => undefined);
  if (input !== undefined && typeof input !== 'string') Readable.from(input).pipe(child.stdin!);
  else child.stdin!.end(input ?? '');
  return result;
}

interface Line {
  index: number;
  inputs: string[];
  value?: string;
  label?: string;
  before?: { label: string; p: number }[][];
  distribution?: { label: string; p: number }[];
  file?: string;
  png?: string;
  error?: { code: string; what: string; where: string; todo: string };
}
const parse = (text: string): Line[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
const linesOf = (path: string) => parse(readFileSync(path, 'utf8'));
const short = (lines: readonly Line[]) => lines.map(({ value, error }) => value ?? error?.code);

describe('many inputs', () => {
  test('of a folder are answered in the order of their names, a line of JSON each, as --json tells one', async () => {
    const scans = place('scans');
    mkdirSync(join(scans, 'deeper.png'), { recursive: true });
    for (const label of [3, 1, 2]) copyFileSync(digit(label), join(scans, `${label}.PNG`));
    writeFileSync(join(scans, 'notes.txt'), 'no input');
    const { status, stdout, stderr } = await run(['digits -> add-one -> roman', '--input', scans]);
    expect(status).toBe(0);
    expect(stderr).toBe('1 other file(s) in the folder are left out.\n');
    const lines = parse(stdout);
    expect(lines.map(({ index, inputs, value }) => [index, inputs, value])).toEqual(
      [1, 2, 3].map((label, index) => [index, [join(scans, `${label}.PNG`)], ROMAN[label + 1]]),
    );
    const alone = await run(['digits -> add-one -> roman', '-i', join(scans, '1.PNG'), '--json']);
    const [{ before, distribution, ...rest }] = JSON.parse(alone.stdout).answers;
    expect(lines[0]).toMatchObject(rest);
    for (const [at, { label, p }] of distribution.entries())
      expect(lines[0]!.distribution![at]).toEqual({ label, p: expect.closeTo(p, 5) });
    expect(lines[0]!.before).toHaveLength(before.length);
  });

  test('of a pattern, and of several --input one after another', async () => {
    const { stdout } = await run([
      'digits -> identity -> roman',
      '--input',
      'examples/**/t*-1.png',
      '--input',
      digit(9),
    ]);
    expect(parse(stdout).map(({ inputs, value }) => [inputs, value])).toEqual([
      [['examples/digits/three-1.png'], 'III'],
      [['examples/digits/two-1.png'], 'II'],
      [[digit(9)], 'IX'],
    ]);
  });

  test('of the standard input: texts, paths, JSON, and what is none of it', async () => {
    const long = 'x'.repeat(70_000);
    const text = `0001\r\n\n0x\n"0010"\n["0011"]\n{"input":"0100","more":1}\n{"input":5}\n["0001","0001"]\n[0\n${long}\n1100\n0101`;
    const { status, stdout, stderr } = await run(['binary -> add-one -> roman', '--input', '-'], text);
    const lines = parse(stdout);
    expect(short(lines)).toEqual([
      'II',
      'BITS_INVALID',
      'III',
      'IV',
      'V',
      'INPUT_LINE',
      'INPUT_COUNT',
      'INPUT_LINE',
      'INPUT_LINE',
      'VALUE_OUTSIDE_DOMAIN',
      'VI',
    ]);
    expect(lines[1]!.inputs).toEqual(['0x']);
    expect(lines[7]!.error).toEqual({
      code: 'INPUT_LINE',
      what: 'The line cannot be read: it begins as JSON does, but is none.',
      where: 'line 9 of the standard input',
      todo: expect.stringContaining('Write one question a line'),
    });
    expect(lines[8]!.error!.what).toContain('longer than 65536 bytes');
    expect(stderr).toContain('6 of 11 inputs have no answer');
    expect(status).toBe(2);
  });

  test('of the standard input that end with zero bytes are taken as they are', async () => {
    const odd = place('["a\nb.png');
    copyFileSync(digit(4), odd);
    const { stdout, status } = await run(
      ['digits -> add-one -> roman', '-i', '-', '--null'],
      `${odd}\0${digit(5)}\0`,
    );
    expect(parse(stdout).map(({ inputs, value }) => [inputs[0], value])).toEqual([
      [odd, 'V'],
      [digit(5), 'VI'],
    ]);
    expect(status).toBe(0);
  });

  test('nothing on the standard input is nothing to do', async () => {
    expect(await run(['binary -> add-one -> roman', '-i', '-'], '')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('of a tuple are paired in order; a single one goes with each; fields of a line are one question', async () => {
    const [left, right] = [place('left'), place('right')];
    for (const side of [left, right]) mkdirSync(side);
    for (const label of [1, 2, 3]) {
      copyFileSync(digit(label), join(left, `${label}.png`));
      copyFileSync(digit(label + 3), join(right, `r${label}.png`));
    }
    const add = '(digits, digits) -> add -> roman';
    const paired = parse((await run([add, '-i', left, '-i', right])).stdout);
    expect(short(paired)).toEqual(['V', 'VII', 'IX']);
    expect(paired[0]!.inputs).toEqual([join(left, '1.png'), join(right, 'r1.png')]);
    const withOne = parse((await run(['(digits, roman) -> add -> roman', '-i', left, '-i', 'IV'])).stdout);
    expect(short(withOne)).toEqual(['V', 'VI', 'VII']);
    const fields = `${digit(1)}\tIV\n["${digit(2)}","V"]\n{"input":["${digit(3)}","VI"]}\n${digit(1)}\n`;
    const asked = await run(['(digits, roman) -> add -> roman', '-i', '-'], fields);
    expect(short(parse(asked.stdout))).toEqual(['V', 'VII', 'IX', 'INPUT_COUNT']);
    const mixed = await run(['(digits, roman) -> add -> roman', '-i', left, '-i', '-'], 'I\nII\nIII\n');
    expect(short(parse(mixed.stdout))).toEqual(['II', 'IV', 'VI']);
    for (const [lines, counts] of [
      ['I\nII\n', '3 files, 2 lines'],
      ['I\nI\nI\nI\n', '3 files, more lines'],
    ] as const) {
      const uneven = await run(['(digits, roman) -> add -> roman', '-i', left, '-i', '-'], lines);
      expect(uneven.stderr).toContain(`their numbers differ (${counts}). [INPUT_PAIRS]`);
      expect(uneven.status).toBe(2);
    }
    rmSync(join(right, 'r3.png'));
    const { stderr, status, stdout } = await run([add, '-i', left, '-i', right]);
    expect(stderr).toContain('their numbers differ (3, 2). [INPUT_PAIRS]');
    expect([status, stdout]).toEqual([2, '']);
  });

  test('a broken, an unreadable and a missing file do not stop the rest, and the exit code tells', async () => {
    const scans = place('broken');
    mkdirSync(scans);
    copyFileSync(digit(1), join(scans, 'a.png'));
    writeFileSync(join(scans, 'b.png'), 'this is no picture');
    writeFileSync(join(scans, 'c.png'), PNG.sync.write(new PNG({ width: 40, height: 40 })));
    copyFileSync(digit(2), join(scans, 'd.png'));
    chmodSync(join(scans, 'd.png'), 0);
    copyFileSync(digit(3), join(scans, 'e.png'));
    const { status, stdout } = await run([
      'digits -> add-one -> roman',
      '-i',
      scans,
      '-i',
      place('absent.png'),
    ]);
    const found = short(parse(stdout));
    // The superuser may read what nobody may.
    expect([found[3], ...found.toSpliced(3, 1)]).toEqual([
      process.getuid?.() === 0 ? 'III' : 'INPUT_MISSING',
      'II',
      'IMAGE_UNREADABLE',
      'IMAGE_EMPTY',
      'IV',
      'INPUT_MISSING',
    ]);
    expect(status).toBe(2);
  });

  test.each([
    ['INPUT_NONE', ['--input', place('empty')], 'the folder holds no PNG file'],
    ['INPUT_NONE', ['--input', place('empty/*.png')], 'no file matches the pattern'],
    ['INPUT_MISSING', ['--input', place('nowhere')], 'ENOENT'],
    ['USAGE', ['--input', '-', '--input', '-'], 'the standard input can be read only once'],
    ['USAGE', ['--input', 'examples/digits', '--out', place('a.png')], 'many answers do not go into one'],
    ['OUTPUT_UNWRITABLE', ['--input', 'examples/digits', '--out', '/dev/null/answers'], 'ENOTDIR'],
  ])('%s: %s', async (code, args, told) => {
    mkdirSync(place('empty'), { recursive: true });
    const { stderr, stdout, status } = await run(['digits -> add-one -> roman', ...args]);
    expect(stderr).toContain(`[${code}]`);
    expect(stderr).toContain(told);
    expect(stderr).toMatch(/\n {2}do: \S/);
    expect([status, stdout]).toEqual([code === 'OUTPUT_UNWRITABLE' ? 1 : 2, '']);
  });
});

describe('pictures of many answers', () => {
  test('are whole files named after their inputs, with an index; the same call does nothing again', async () => {
    const out = place('pictures');
    const args = ['(digits, roman) -> add -> dots', '-i', 'examples/digits/*-1.png', '-i', 'I', '--out', out];
    const { status, stdout } = await run([...args, '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ out, inputs: 10, failed: 0, continued: 0 });
    const lines = linesOf(join(out, 'index.ndjson'));
    expect(lines.map(({ file }) => file)).toEqual(
      [...NAMES].sort().map((name, index) => join(out, `000000${index}-${name}-1-I-dots.png`)),
    );
    for (const { file } of lines)
      expect(PNG.sync.read(readFileSync(file!))).toMatchObject({ width: 28, height: 28 });
    const read = parse((await run(['dots -> identity -> roman', '-i', out])).stdout);
    expect(read.map(({ value }) => value)).toEqual(lines.map(({ label }) => ROMAN[Number(label)]));
    expect(readdirSync(out)).toHaveLength(12);

    // As a kill leaves it: a torn line, and a picture of which only a part was written.
    const index = readFileSync(join(out, 'index.ndjson'));
    truncateSync(join(out, 'index.ndjson'), index.length - 40);
    rmSync(lines[9]!.file!);
    const half = `${lines[9]!.file}.01234567-89ab-cdef-0123-456789abcdef.tmp`;
    writeFileSync(half, 'half');
    expect(JSON.parse((await run([...args, '--json'])).stdout)).toMatchObject({ inputs: 10, continued: 9 });
    expect(readFileSync(join(out, 'index.ndjson'))).toEqual(index);
    expect([existsSync(lines[9]!.file!), existsSync(half)]).toEqual([true, false]);
  });
});

describe('results that are continued', () => {
  const COUNT = 1000;
  const input = Array.from({ length: COUNT }, (_, index) => (index % 97 === 5 ? '0x' : bits(index)));
  const text = input.map((line) => `${line}\n`).join('');
  const call = (out: string) => ['binary -> add-one -> digits', '-i', '-', '--seed', '7', '--out', out];
  const sizeOf = (path: string) => (existsSync(path) ? statSync(path).size : 0);

  test('after a kill at any moment are those of a run that was not stopped, each input once', async () => {
    const whole = place('whole.ndjson');
    expect((await run(call(whole), text)).status).toBe(2);
    const expected = readFileSync(whole);
    const lines = parse(expected.toString());
    expect(lines.map(({ index, inputs }) => [index, inputs[0]])).toEqual(input.map((line, i) => [i, line]));

    for (const moments of [[0], [0.05, 0.5], [0.3], [0.6, 0.9]]) {
      const path = place(`killed-${moments.join('-')}.ndjson`);
      let kills = 0;
      for (const share of moments) {
        const child = start(call(path));
        child.stdin!.on('error', () => undefined);
        child.stdin!.end(text);
        const over = ended(child);
        const watch = setInterval(() => {
          if (existsSync(`${path}.run.json`) && sizeOf(path) >= share * expected.length)
            child.kill('SIGKILL');
        }, 1);
        const { signal } = await over;
        clearInterval(watch);
        if (signal === 'SIGKILL') kills++;
        expect(
          expected.subarray(0, sizeOf(path)).equals(existsSync(path) ? readFileSync(path) : Buffer.of()),
        ).toBe(true);
      }
      expect(kills).toBeGreaterThan(0);
      const { status, stdout } = await run(call(path), text);
      expect(status).toBe(2);
      expect(stdout).toContain(
        `${COUNT} inputs, ${lines.filter(({ error }) => error).length} without an answer`,
      );
      expect(readFileSync(path).equals(expected), `killed at ${moments}`).toBe(true);
    }
  });

  test('a torn last line is written anew, wherever it is torn; lines that are added are answered', async () => {
    const path = place('torn.ndjson');
    const few = input.slice(0, 70).map((line) => `${line}\n`);
    await run(call(path), few.join(''));
    const expected = readFileSync(path);
    const ends = [...expected.entries()].flatMap(([at, byte]) => (byte === 0x0a ? [at] : []));
    for (const at of [1, ends[0]!, ends[0]! + 1, ends[66]! + 9, expected.length - 1]) {
      truncateSync(path, at);
      expect((await run(call(path), few.join(''))).status).toBe(2);
      expect(readFileSync(path).equals(expected), `torn at ${at}`).toBe(true);
    }
    const { stdout } = await run(call(path), `${few.join('')}0110\n`);
    expect(stdout).toContain('71 inputs, 1 without an answer, 70 of them by an earlier run');
    expect(readFileSync(path).subarray(0, expected.length).equals(expected)).toBe(true);
  });

  test('an interrupt keeps what was answered and exits with 130; the same call goes on', async () => {
    const path = place('interrupted.ndjson');
    const child = start(call(path));
    const over = ended(child);
    child.stdin!.write(text.slice(0, text.length / 2));
    while (sizeOf(path) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGINT');
    const { status, stderr } = await over;
    expect(status).toBe(130);
    expect(stderr).toContain('[INTERRUPTED]');
    expect(stderr).toContain('do: Run the command again; it continues where it stopped.');
    const kept = readFileSync(path, 'utf8');
    expect(kept.endsWith('\n')).toBe(true);
    await run(call(path), text);
    expect(readFileSync(path, 'utf8').startsWith(kept)).toBe(true);
    expect(readFileSync(path).equals(readFileSync(place('whole.ndjson')))).toBe(true);
  });

  test('are refused to another chain, other options, inputs or plugins, and nothing is written', async () => {
    const path = place('refused.ndjson');
    const chain = 'binary -> add-one -> roman';
    const args = (...more: string[]) => ['-i', '-', '--out', path, ...more];
    await run([chain, ...args()], '0001\n0010\n');
    const kept = readFileSync(path, 'utf8');
    const record = readFileSync(`${path}.run.json`, 'utf8');
    const refused = async (reason: string, first = chain, lines = '0001\n0010\n', more: string[] = []) => {
      const { status, stderr, stdout } = await run([first, ...args(...more)], lines);
      expect(stderr).toContain(`These results cannot be continued: ${reason}`);
      expect(stderr).toContain(`[RESULTS_MISMATCH]\n  where: ${path}\n  do: Run it as it was begun`);
      expect([status, stdout]).toEqual([2, '']);
      expect(readFileSync(path, 'utf8')).toBe(kept);
    };
    await refused('chain was "binary -> add-one -> roman" and is', 'binary -> times-two -> roman');
    await refused('options.seed was null and is 3', chain, undefined, ['--seed', '3']);
    await refused('result 2 is of 0010, but the input there is 0011', chain, '0001\n0011\n');
    await refused('there are fewer inputs than results', chain, '0001\n');
    const { sha256 } = JSON.parse(record).plugins['add-one'];
    writeFileSync(`${path}.run.json`, record.replace(sha256, '0'.repeat(64)));
    await refused(`plugins.add-one.sha256 was "${'0'.repeat(64)}" and is "${sha256}"`);
    writeFileSync(`${path}.run.json`, '{');
    await refused(`their record ${path}.run.json cannot be read`);
    writeFileSync(`${path}.run.json`, record);
    writeFileSync(path, kept.replace('"index":0', '"index":1'));
    expect((await run([chain, ...args()], '0001\n')).stderr).toContain('line 1 is no result of it');
    rmSync(`${path}.run.json`);
    const { status, stderr } = await run([chain, ...args()], '0001\n');
    expect(stderr).toContain('[OUTPUT_EXISTS]');
    expect(status).toBe(2);
  });
});

describe('a reader of the lines', () => {
  test('that leaves ends the run quietly', async () => {
    const child = start(['binary -> add-one -> roman', '-i', '-']);
    child.stdin!.on('error', () => undefined);
    let stop = false;
    Readable.from(
      (function* () {
        for (let index = 0; !stop; index++) yield `${bits(index)}\n`;
      })(),
    ).pipe(child.stdin!);
    child.stdout!.once('data', () => child.stdout!.destroy());
    let told = '';
    child.stderr!.on('data', (data) => {
      told += data;
    });
    const status = await new Promise((resolve) => child.on('exit', resolve));
    stop = true;
    expect([status, told]).toEqual([0, '']);
  });

  test('that stops reading stops the reading of inputs', async () => {
    const child = start(['binary -> add-one -> roman', '-i', '-']);
    child.stdin!.on('error', () => undefined);
    let given = 0;
    const source = Readable.from(
      (function* () {
        for (;;) yield `${bits(given++)}\n`;
      })(),
    );
    source.pipe(child.stdin!);
    await new Promise((resolve) => child.stdout!.once('readable', resolve));
    let before = -1;
    // It has come to rest when nothing is taken for half a second.
    while (before !== given) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    // Three batches, and what the pipes between hold: of lines out of 1 KB each 64 KiB a side, of lines in of 5 bytes.
    expect(given).toBeLessThan(60_000);
    source.destroy();
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('exit', resolve));
  });

  test('gets answers while lines are still to come', async () => {
    const child = start(['binary -> add-one -> roman', '-i', '-']);
    child.stdout!.setEncoding('utf8');
    for (const label of [1, 2]) {
      child.stdin!.write(`${bits(label)}\n`);
      const line = await new Promise<string>((resolve) => child.stdout!.once('data', resolve));
      expect(JSON.parse(line).value).toBe(ROMAN[label + 1]);
    }
    child.stdin!.end();
    expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
  });
});

test.skipIf(process.platform !== 'linux')(
  'a terminal shows how far a run is; lines of a pipe hold nothing of it',
  async () => {
    const out = place('shown.ndjson');
    const words = [
      process.execPath,
      bin,
      'run',
      'digits -> add-one -> roman',
      '-i',
      'examples/digits',
      '--out',
      out,
    ];
    const line = words.map((word) => `'${word}'`).join(' ');
    const { stdout } = await ended(spawn('script', ['-qec', line, '/dev/null'], { cwd: root }));
    expect(stdout).toContain('40/40 inputs, 0 failed');
    expect(stdout).toMatch(/40 inputs, 0 without an answer: .*shown\.ndjson {2}\(\d+ a second\)/);
    const again = await run(words.slice(3));
    expect(again.stderr).toBe('');
  },
);

describe('memory', () => {
  const preload = place('peak.mjs');
  writeFileSync(
    preload,
    `import { writeFileSync } from 'node:fs';
    process.on('exit', () => writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));`,
  );
  /** Peak of the process in MiB. */
  async function peakOf(chain: string, count: number, of: (index: number) => string): Promise<number> {
    const PEAK_FILE = place('peak');
    const env = { NODE_OPTIONS: `--max-old-space-size=48 --import ${preload}`, PEAK_FILE };
    const lines = (function* () {
      for (let index = 0; index < count; index++) yield `${of(index)}\n`;
    })();
    const { status, stdout } = await run(
      [chain, '-i', '-', '--out', place(`peak-${count}.ndjson`), '--json'],
      lines,
      env,
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ inputs: count, failed: 0 });
    rmSync(place(`peak-${count}.ndjson`));
    rmSync(place(`peak-${count}.ndjson.run.json`));
    return Number(readFileSync(PEAK_FILE, 'utf8')) / 1024;
  }

  test('does not grow with the number of texts', async () => {
    const [few, many] = [
      await peakOf('binary -> add-one -> roman', 2_000, bits),
      await peakOf('binary -> add-one -> roman', 20_000, bits),
    ];
    console.log(`texts: ${few.toFixed(0)} MiB at 2,000, ${many.toFixed(0)} MiB at 20,000`);
    expect(many - few).toBeLessThan(32);
  });

  test('does not grow with the number of pictures', async () => {
    const of = (index: number) => digit(index % 10, 1 + (Math.floor(index / 10) % 4));
    const [few, many] = [
      await peakOf('digits -> add-one -> roman', 500, of),
      await peakOf('digits -> add-one -> roman', 3_000, of),
    ];
    console.log(`pictures: ${few.toFixed(0)} MiB at 500, ${many.toFixed(0)} MiB at 3,000`);
    expect(many - few).toBeLessThan(48);
  });
});
