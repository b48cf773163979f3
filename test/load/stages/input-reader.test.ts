import { expect, test } from 'vitest';
import type { FilledBatch } from '../../../src/batching/open-batch.js';
import { InputError, UsageError } from '../../../src/core/errors.js';
import type { ByteSource, Format, Input, Notice, Points, ResumePoint } from '../../../src/core/types/index.js';
import { INPUT_START } from '../../../src/core/types/index.js';
import type { FormatSet } from '../../../src/formats/format-set.js';
import type { Ledger } from '../../../src/load/ledger/ledger.js';
import { InputReader, type InputReaderContext } from '../../../src/load/stages/input-reader.js';
import { ReadStatus } from '../../../src/load/stages/read-status.js';
import { VirtualClock } from '../../support/clock.js';

const never = new AbortController().signal;
const filled = (ordinal: number): FilledBatch => ({ ordinal }) as unknown as FilledBatch;
const start: ResumePoint = { place: INPUT_START, covered: [] };
const problem = { tried: 'reading', expected: 'x', found: 'y', fix: '' };

interface Setting extends Partial<Omit<InputReaderContext, 'formats'>> {
  readonly names?: readonly string[];
  readonly open?: (name: string) => Promise<ByteSource>;
  readonly format?: Partial<Format>;
  readonly formats?: Partial<FormatSet>;
}

function readerOf({ names = ['a.lp', 'b.lp'], open, format, formats, ...more }: Setting = {}) {
  const calls: string[] = [];
  const notices: Notice[] = [];
  const clock = new VirtualClock();
  const source = (name: string, bytes = 0): ByteSource => {
    let left = bytes;
    return {
      ...{ compression: 'none', bytesRead: 0 },
      read: async (into) => {
        const read = Math.min(left, into.length);
        left -= read;
        return read;
      },
      close: async () => void calls.push(`close ${name}`),
    };
  };
  const inputs = names.map(
    (name): Input => ({
      ...{ name, path: `/${name}`, size: 100 },
      open: async (_, budget) => {
        calls.push(`open ${name}${budget?.hasThread === true ? ' on a thread' : ''}`);
        return open === undefined ? source(name, 100) : await open(name);
      },
    }),
  );
  const failed: [number, string][] = [];
  const ledger = {
    ...{ read: 0, inputs: names.map(() => ({ error: null as unknown })) },
    fail: (i: number, error: InputError) => failed.push([i, error.message]),
  };
  const status = new ReadStatus(inputs, clock);
  const chosen = {
    ...{ name: 'lp', memoryBytes: 0 },
    points: async function* (from: ByteSource): AsyncGenerator<Points, void> {
      while ((await from.read(new Uint8Array(10), never)) > 0) yield* [];
      calls.push('parsed');
    },
    ...format,
  } as unknown as Format;
  const reader = new InputReader({
    ...{ inputs, status, clock, ledger: ledger as unknown as Ledger, budget: { bytes: 0, limitFor: () => null } },
    ...{ signal: never, notify: (notice) => notices.push(notice), onInputError: 'continue', limit: null },
    ...{ hasSent: () => false, beforeClose: async (i) => void calls.push(`before close ${i}`) },
    afterInput: async () => void calls.push('after'),
    formats: {
      ...{ unknownFields: null, choose: async (_: Input, from: ByteSource) => ({ format: chosen, source: from }) },
      ...formats,
    } as unknown as FormatSet,
    ...more,
  });
  return { reader, calls, notices, failed, ledger, status, inputs, clock, source };
}

async function all(reader: InputReader, batchesOf: (input: number) => AsyncGenerator<FilledBatch, void>) {
  const found: number[] = [];
  for await (const { ordinal } of reader.each(batchesOf)) found.push(ordinal);
  return found;
}

async function* one(input: number): AsyncGenerator<FilledBatch, void> {
  yield filled(input);
}

test('inputs are opened, read and closed one after another', async () => {
  const { reader, calls, status } = readerOf();
  expect(await all(reader, one)).toEqual([0, 1]);
  expect(calls).toEqual(
    ['a.lp', 'b.lp'].flatMap((name, i) => [`open ${name}`, `before close ${i}`, `close ${name}`, 'after']),
  );
  expect(status.inputs).toEqual({ done: 2, current: null });
});

test('no further input is opened once --limit is reached, and none whose head showed an error', async () => {
  const limited = readerOf({ limit: 10 });
  const batches = async function* (input: number): AsyncGenerator<FilledBatch, void> {
    limited.ledger.read = 10;
    yield filled(input);
  };
  expect(await all(limited.reader, batches)).toEqual([0]);
  const bad = readerOf();
  bad.ledger.inputs[0]!.error = new InputError('bad head');
  expect(await all(bad.reader, one)).toEqual([1]);
});

test('an input that fails is reported, and the next one follows', async () => {
  const { reader, failed, notices, calls } = readerOf({
    open: (name) =>
      name === 'a.lp'
        ? Promise.reject(new InputError('no such file'))
        : Promise.resolve({ close: async () => {} } as never),
  });
  const batches = async function* (input: number): AsyncGenerator<FilledBatch, void> {
    if (input === 1) throw new InputError('cut off');
    yield* [];
  };
  expect(await all(reader, batches)).toEqual([]);
  expect(failed).toEqual([
    [0, 'no such file'],
    [1, 'cut off'],
  ]);
  expect(notices.map(({ level, kind, message }) => [level, kind, message])).toEqual([
    ['error', 'input', 'no such file'],
    ['error', 'input', 'cut off'],
  ]);
  expect(calls.filter((call) => call.startsWith('before'))).toEqual(['before close 0', 'before close 1']);
});

test('the error of the only input is not printed twice, and --on-input-error stop ends the run', async () => {
  const bad = new InputError('bad');
  const failing = async function* (): AsyncGenerator<FilledBatch, void> {
    yield* [];
    throw bad;
  };
  const single = readerOf({ names: ['a.lp'] });
  expect(await all(single.reader, failing)).toEqual([]);
  expect([single.failed.length, single.notices]).toEqual([1, []]);
  const stops = readerOf({ onInputError: 'stop' });
  await expect(all(stops.reader, failing)).rejects.toBe(bad);
  expect([stops.failed.length, stops.calls.at(-1)]).toEqual([1, 'close a.lp']);
  const defect = readerOf();
  const other = async function* (): AsyncGenerator<FilledBatch, void> {
    yield* [];
    throw new RangeError('no');
  };
  await expect(all(defect.reader, other)).rejects.toThrow(RangeError);
});

test('an input that contradicts the options is a usage error before anything was sent, and a bad input after', async () => {
  const failing = async function* (): AsyncGenerator<FilledBatch, void> {
    yield* [];
    throw new UsageError([problem]);
  };
  await expect(all(readerOf().reader, failing)).rejects.toThrow(UsageError);
  const { reader, failed } = readerOf({ names: ['a.lp'], hasSent: () => true });
  await all(reader, failing);
  expect(failed).toMatchObject([[0, expect.stringContaining('expected x, found y')]]);
});

test('columns that no input has are an error of whole inputs, not of pieces', async () => {
  const formats = { unknownFields: { ...problem, found: 'no column v' } as never };
  const whole = readerOf({ formats });
  await all(whole.reader, one);
  expect(whole.failed).toMatchObject([[1, expect.stringContaining('no column v')]]);
  const pieces = readerOf({ formats });
  Object.assign(pieces.inputs[0]!, { piece: { from: INPUT_START, to: null } });
  await all(pieces.reader, one);
  expect(pieces.failed).toEqual([]);
});

test('a read that never ends delays the end of a stopped run by 200 ms at most', async () => {
  const stop = new AbortController();
  const { reader, clock } = readerOf({
    names: ['a.lp'],
    signal: stop.signal,
    beforeClose: () => new Promise(() => {}),
  });
  const ended = all(reader, async function* () {
    yield* [];
    stop.abort(new InputError('stopped'));
    stop.signal.throwIfAborted();
  });
  let isOver = false;
  void ended.finally(() => {
    isOver = true;
  });
  await clock.advance(199);
  expect(isOver).toBe(false);
  await clock.advance(1);
  await ended;
  expect(isOver).toBe(true);
});

test('a format is chosen by the beginning of an input, also when it resumes', async () => {
  const recalled: unknown[] = [];
  const format = { recall: async (...given: unknown[]) => void recalled.push(given[1]) };
  const { reader, calls, source } = readerOf({ format });
  const from = source('a.lp', 100);
  const fresh = await reader.parse(0, from, start);
  expect([fresh.format, calls]).toEqual(['lp', []]);
  const place = { ...INPUT_START, byteOffset: 40 };
  const resumed = await reader.parse(0, source('a.lp', 100), { place, covered: [] });
  expect([resumed.format, calls, recalled]).toEqual(['lp', ['open a.lp', 'close a.lp'], [place]]);
  const failing = readerOf({ formats: { choose: () => Promise.reject(new InputError('odd')) } });
  await expect(failing.reader.parse(0, from, { place, covered: [] })).rejects.toThrow('odd');
  expect(failing.calls).toEqual(['open a.lp', 'close a.lp']);
});

test('decoded bytes are counted from the place of a resumed input', async () => {
  const { reader, status, source, calls } = readerOf();
  status.begin(0);
  const place = { ...INPUT_START, byteOffset: 40 };
  const { runs } = await reader.parse(0, source('a.lp', 100), { place, covered: [] });
  for await (const _ of runs);
  expect([status.bytes.decoded, status.formatOf(0), status.positionIn(0)?.decoded]).toEqual([60, 'lp', 100]);
  expect(calls.at(-1)).toBe('parsed');
});

test('advice about a pipe comes once it is read, that of a file came with its head', async () => {
  const format = { advice: 'name the columns' } as Partial<Format>;
  for (const size of [100, null]) {
    const { reader, inputs, notices, source } = readerOf({ format });
    Object.assign(inputs[0]!, { size });
    const { runs } = await reader.parse(0, source('a.lp'), start);
    expect(notices).toEqual([]);
    for await (const _ of runs);
    expect(notices.map(({ kind, level }) => [level, kind])).toEqual(size === null ? [['warn', 'advice']] : []);
  }
});
