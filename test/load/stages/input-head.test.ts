import { expect, test } from 'vitest';
import { resolve } from '../../../src/config/resolve.js';
import { InputError, UsageError } from '../../../src/core/errors.js';
import type { ByteSource, Format, Input, Points, ShapeMatch } from '../../../src/core/types/index.js';
import { wrapObject } from '../../../src/core/wrap-object.js';
import { FormatSet } from '../../../src/formats/format-set.js';
import { RowSampler } from '../../../src/inputs/sample-rows.js';
import { withHeads } from '../../../src/inputs/sample-times.js';
import { options } from '../../../src/load/option-table.js';
import {
  adviceOf,
  type HeadContext,
  headBytes,
  isEmpty,
  named,
  parseHead,
} from '../../../src/load/stages/input-head.js';

test('the end of an input is not looked for in the bytes of earlier reads', async () => {
  const { settings } = await resolve(options, { flags: { db: 'db', maxPointBytes: '4MiB' }, env: {} });
  let given = 0;
  const source: ByteSource = {
    ...{ compression: 'none', bytesRead: 0, close: () => Promise.resolve() },
    read: (into) => {
      const read = given < headBytes ? into.length : 0;
      // One line without an end, in a buffer with line ends behind what was read.
      into.fill('x'.charCodeAt(0), 0, read).fill(10, read);
      given += read;
      return Promise.resolve(read);
    },
  };
  const head = await parseHead(
    { name: 'a.lp', path: null, size: null, open: () => Promise.resolve(source) },
    {
      ...{ formats: new FormatSet(settings), options: settings, match: null, sampler: null },
      signal: new AbortController().signal,
    },
  );
  expect([head.bytes, head.whole]).toEqual([given, true]);
});

/** Parses the head of two megabytes of equal lines with a string of this length. */
async function headOfLines(length: number): ReturnType<typeof parseHead> {
  const { settings } = await resolve(options, { flags: { db: 'db' }, env: {} });
  const text = Buffer.alloc(2 * headBytes, `m s="${'x'.repeat(length)}" 1640995200000000000\n`);
  const source = sourceOf(text, 64 * 1024);
  const input: Input = { name: 'a.lp', path: null, size: text.length, open: () => Promise.resolve(source) };
  const signal = new AbortController().signal;
  const context = { formats: new FormatSet(settings), options: settings, match: null, sampler: null, signal };
  return await parseHead(input, context);
}

test('the head of an input is its first megabyte', async () => {
  expect(await headOfLines(997)).toMatchObject({ bytes: 2 ** 20, points: 1024, whole: false });
});

test('a head ends after a complete line, so that no point is cut', async () => {
  const head = await headOfLines(1000);
  expect(head.rejects).toEqual({});
  expect(head.bytes % 1027).toBe(0);
});

test.each([
  ['with missing timestamps', 'm f=1\nm f=2 1640995200000000000\nm f=3 1640995200000000001\nm f=4\n', [0n, 1n]],
  ['without any timestamp', 'm f=1\nm f=2\n', null],
])('the times of a head %s', async (_, text, expected) => {
  const { settings } = await resolve(options, { flags: { db: 'db', missingTimestamp: 'now' }, env: {} });
  const source = sourceOf(Buffer.from(text));
  const input: Input = { name: 'a.lp', path: null, size: text.length, open: () => Promise.resolve(source) };
  const signal = new AbortController().signal;
  const context = { formats: new FormatSet(settings), options: settings, match: null, sampler: null, signal };
  const { time, rejects } = await parseHead(input, context);
  expect(rejects).toEqual({});
  expect(time && [time.first, time.last].map((each) => each - 1_640_995_200_000_000_000n)).toEqual(expected);
});

test('a sample of the rows of a table knows their fields, their series, their times and their bytes as line protocol', async () => {
  const flags = { db: 'db', tags: 'host', measurement: 'm', timeColumn: 'time', precision: 's' };
  const { settings } = await resolve(options, { flags, env: {} });
  const rows = Array.from({ length: 100 }, (_, i) => `${1_640_995_200 + i * 86_400},h${i % 20},1.5,${i}.5,true\n`);
  const text = Buffer.from(`time,host,a,b,c\n${rows.join('')}`);
  const input: Input = {
    name: 'a.csv',
    path: null,
    size: text.length * 10,
    open: () => Promise.resolve(sourceOf(text)),
  };
  const sampler = new RowSampler();
  const signal = new AbortController().signal;
  await parseHead(input, { formats: new FormatSet(settings), options: settings, match: null, sampler, signal });
  const extent = withHeads({ spans: [], unseen: 1, totalBytes: null }, sampler, [input]);
  expect(extent.rows).toMatchObject({ series: 20, slots: 3 * extent.rows!.points });
  expect(extent.spans[0]).toEqual({ first: 1_640_995_200n, last: 1_640_995_200n });
  expect(extent.spans.length).toBeGreaterThanOrEqual(8);
  // As a line: m,host=h1 a=1.5,b=1.5,c=true 1640995200
  const line = 'm,host=h11 a=1.5,b=11.5,c=true 1640995200\n'.length;
  expect(extent.totalBytes! / (1000 * line)).toBeGreaterThan(0.9);
  expect(extent.totalBytes! / (1000 * line)).toBeLessThan(1.1);
});

function sourceOf(text: Uint8Array, maxRead = Number.POSITIVE_INFINITY): ByteSource {
  let at = 0;
  return {
    ...{ compression: 'none', bytesRead: 0, close: () => Promise.resolve() },
    read: (into) => {
      const part = text.subarray(at, at + Math.min(into.length, maxRead));
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length);
    },
  };
}

const t = 1_640_995_200_000_000_000n;

interface HeadCase {
  readonly flags?: object;
  readonly name?: string;
  readonly own?: Partial<HeadContext>;
  readonly source?: Partial<ByteSource>;
  readonly format?: Partial<Format>;
}

/** Parses the head of a text. */
async function headWith(text: string, { flags, name = 'a.lp', own, source, format }: HeadCase = {}) {
  const { settings } = await resolve(options, { flags: { db: 'db', ...flags }, env: {} });
  const formats = new FormatSet(settings);
  const choose: FormatSet['choose'] = async (...args) => {
    const chosen = await formats.choose(...args);
    return { ...chosen, format: wrapObject(chosen.format, format ?? {}) };
  };
  const open: Input['open'] = () => Promise.resolve({ ...sourceOf(Buffer.from(text)), ...source });
  return await parseHead(
    { name, path: null, size: text.length, open },
    {
      ...{ formats: wrapObject(formats, { choose }), options: settings, match: null, sampler: null },
      ...{ signal: new AbortController().signal, ...own },
    },
  );
}

test('a head counts points, and rejects by reason, and has the first reject with its line', async () => {
  const { problem, ...head } = await headWith(`# comment\nm f=1 ${t}\nm f=x ${t}\nm ${t}\nm f=y ${t}\nm f=2 ${t}\n`);
  expect(head).toMatchObject({
    ...{ name: 'a.lp', compression: 'none', format: 'lp', points: 2, tables: [], newTables: [], whole: true },
    ...{ rejects: { 'bad-value': 2, 'no-fields': 1 }, mapping: null, advice: null },
  });
  expect(head.firstReject).toMatch(/^a\.lp:3: found the value "x"/);
  expect(problem).toBeNull();
});

test('a line that is rejected in parts counts once', async () => {
  const head = await headWith(`m f="${'x'.repeat(3_000_000)}" ${t}\nm f=1 ${t}\n`, {
    flags: { maxPointBytes: '2MiB' },
  });
  expect(head).toMatchObject({ points: 1, rejects: { 'too-long': 1 } });
});

const inSeconds = (count: number): string =>
  Array.from({ length: count }, (_, i) => `m f=1 ${1_640_995_200 + i}\n`).join('');
const inNs = (count: number): string => Array.from({ length: count }, (_, i) => `m f=1 ${t + BigInt(i)}\n`).join('');

test('timestamps outside --expect-time are rejects, and contradict --precision if they are most of a head', async () => {
  const some = await headWith(inNs(1) + inSeconds(2) + inNs(1));
  expect(some).toMatchObject({ points: 2, rejects: { 'unexpected-time': 2 }, problem: null });
  expect(some.firstReject).toMatch(/^a\.lp:2: found 1640995200, .* with --precision s/);
  const most = await headWith(inNs(1) + inSeconds(2));
  expect(most.problem).toBeInstanceOf(UsageError);
  expect(most.problem!.message).toMatch(/^reading a\.lp:2: .* found 1640995200, .* Use --precision s/);
});

test('rejects of other reasons count for the majority of unexpected times', async () => {
  expect((await headWith(`${inSeconds(2)}m f=x ${t}\n${inNs(1)}`)).problem).toBeNull();
  expect((await headWith(`${inSeconds(3)}m f=x ${t}\n${inNs(1)}`)).problem).toBeInstanceOf(UsageError);
});

test.each([
  ['ns', 1_000_000n, 2000, 2010],
  ['ns', 1_000_000n, 2002, 2011],
  ['us', 1000n, 2000, 2010],
] as const)(
  '--expect-time includes its first moment and excludes its last one, in %s',
  async (precision, perMs, first, last) => {
    const [from, to] = [BigInt(Date.UTC(first)) * perMs, BigInt(Date.UTC(last)) * perMs];
    const times = [from - 1n, from, from + perMs, to - perMs, to - 1n, to];
    const head = await headWith(times.map((time) => `m f=1 ${time}\n`).join(''), {
      flags: { precision, expectTime: `${first}..${last}` },
    });
    expect(head).toMatchObject({ points: 4, rejects: { 'unexpected-time': 2 } });
  },
);

test('every time is expected with --expect-time off', async () => {
  const head = await headWith(inSeconds(2), { flags: { expectTime: 'off' } });
  expect(head).toMatchObject({ points: 2, rejects: {}, problem: null });
});

test('timestamps that no server can store contradict --precision if another precision fits the first of them', async () => {
  const never = `m f=1 ${10n ** 19n - 1n}\n`;
  const wrong = await headWith(never + inNs(2), { flags: { precision: 's' } });
  expect(wrong.problem).toBeInstanceOf(UsageError);
  expect(wrong.problem!.message).toMatch(/^reading a\.lp:2: .* Use --precision ns/);
  const few = await headWith(inSeconds(3) + inNs(3), { flags: { precision: 's' } });
  expect(few).toMatchObject({ points: 3, rejects: { 'timestamp-range': 3 }, problem: null });
  const beyond = await headWith(never.repeat(2));
  expect(beyond.rejects).toEqual({ 'timestamp-range': 2 });
  expect(beyond.problem).not.toBeInstanceOf(UsageError);
});

test('an input without a valid point has another format, or all its lines break one rule', async () => {
  const text = await headWith('no line protocol\nneither\n');
  expect(text.problem?.message).toBe('none of the 2 lines of a.lp is line protocol; is --format right?');
  const rule = await headWith(`m,a=1,a=2 f=1 ${t}\n`.repeat(2));
  expect(rule.problem?.message).toContain('duplicate-tag in all 2 lines');
  const times = await headWith('m f=1 2022-01-01T00:00:00Z\n'.repeat(2));
  expect(times.problem?.message).toContain('where a timestamp is a whole number in --precision');
  const packed = await headWith('bad line\nother one\n', { name: 'a.lp.gz' });
  expect(packed.problem?.message).toContain('the first line is "bad line".');
  expect((await headWith('# comment\n')).problem).toBeNull();
  expect((await headWith(`no line protocol\n${inNs(1)}`)).problem).toBeNull();
});

test('points that the target lacks or contradicts are distinguished', async () => {
  const match = ({ table }: { readonly table: string }): ShapeMatch =>
    table === 'bad'
      ? { kind: 'conflict', reason: 'target-type', message: 'f is a string' }
      : ({ kind: table === 'new' ? 'introduces' : 'known' } as ShapeMatch);
  const head = await headWith(`old f=1 ${t}\nbad f=1 ${t}\nnew f=1 ${t}\nbad f=2 ${t}\n`, { own: { match } });
  expect(head).toMatchObject({
    ...{ points: 2, rejects: { 'target-type': 2 }, tables: ['old', 'new'], newTables: ['new'] },
    firstReject: 'a.lp:2: f is a string',
  });
  // The format is right, so the input is not of another one.
  expect((await headWith(`bad f=1 ${t}\n`, { own: { match } })).problem).toBeNull();
  expect((await headWith(`bad f=1 ${t}\nno line protocol\n`, { own: { match } })).problem).toBeNull();
});

test('a table of rows has a mapping if it is compared with the target', async () => {
  const flags = { measurement: 'm', timeColumn: 'time' };
  const text = `time,host,v\n${t},a,1\n`;
  const own = { match: (): ShapeMatch => ({ kind: 'known' }) as ShapeMatch };
  const { mapping } = await headWith(text, { flags, own, name: 'a.csv' });
  expect(mapping?.tables[0]?.columns.map(({ name }) => name)).toEqual(['host', 'v']);
  expect((await headWith(text, { flags, name: 'a.csv' })).mapping).toBeNull();
});

test('the head of an input that is read at random positions ends with the points of its first megabyte', async () => {
  const line = `m s="${'x'.repeat(997)}" ${t}\n`;
  const small = await headWith(line.repeat(3), { format: { isRandom: true } });
  expect(small).toMatchObject({ bytes: 3 * line.length, whole: true, points: 3 });
  const run = (end: number): Points => ({ count: 0, rejects: [], end }) as unknown as Points;
  async function* points(): AsyncGenerator<Points, void> {
    yield* [run(headBytes), run(2 * headBytes)];
  }
  expect(await headWith('', { format: { isRandom: true, points } })).toMatchObject({ bytes: headBytes, whole: false });
});

test.each<[string, Partial<ByteSource>, Partial<Format>, number | null]>([
  ['plain', {}, {}, 14],
  ['compressed', { compression: 'gzip' }, {}, null],
  ['read at random positions', {}, { isRandom: true }, null],
])(
  'a sampler gets the times of points, and the decoded bytes if they are known: %s',
  async (_, source, format, bytes) => {
    const times: (bigint | null)[] = [];
    const decoded: (number | null)[] = [];
    const sampler = {
      takeRun: (run: { count: number }, timeOf: (i: number) => bigint | null) => {
        for (let i = 0; i < run.count; i += 1) times.push(timeOf(i));
      },
      decoded: (size: number | null) => decoded.push(size),
    } as unknown as RowSampler;
    const flags = { missingTimestamp: 'now', expectTime: 'off' };
    await headWith('m f=1\nm f=2 7\n', { flags, source, format, own: { sampler } });
    expect(times).toEqual([null, 7n]);
    expect(decoded).toEqual([bytes]);
  },
);

test('a head ends with a line whose end comes first in a read', async () => {
  const first = `m s="${'x'.repeat(headBytes - 26)}" ${t}`;
  const text = Buffer.from(`${first}\nm s="${'y'.repeat(300_000)}" ${t}\n`);
  const source = sourceOf(text, 64 * 1024);
  const head = await headWith('', { source, flags: { maxPointBytes: '4MiB' } });
  expect(head).toMatchObject({ bytes: headBytes + 1, points: 1, rejects: {}, whole: false });
});

test('a line without an end is read until it is longer than --max-point-bytes behind the first megabyte', async () => {
  const source = sourceOf(Buffer.alloc(4 * headBytes, 'x'), 64 * 1024);
  const { bytes, whole } = await headWith('', { source, flags: { maxPointBytes: '64KiB' } });
  expect([bytes - headBytes, whole]).toEqual([3 * 64 * 1024, false]);
});

test('the times of a head are those of its first and its last point', async () => {
  expect((await headWith(inNs(3))).time).toEqual({ first: t, last: t + 2n });
});

test('an error of the input is its problem, with its name, and a defect is thrown', async () => {
  const reading = (error: Error) => headWith('', { source: { read: () => Promise.reject(error) } });
  const gone = new InputError('a.lp is gone');
  expect((await reading(gone)).problem).toBe(gone);
  expect((await reading(new UsageError(['no such column']))).problem!.message).toBe('a.lp: no such column');
  await expect(reading(new TypeError('x is not a function'))).rejects.toThrow(TypeError);
});

test('the name of an input is added to the problems that lack it', () => {
  const part = { tried: 'reading the header', expected: 'a column', found: 'nothing', fix: '' };
  const error = new UsageError(['no column', 'a.lp has no column', part, { ...part, tried: 'reading a.lp' }]);
  expect(named(error, 'a.lp').parts).toEqual([
    ...['a.lp: no column', 'a.lp has no column'],
    ...[
      { ...part, tried: 'reading the header of a.lp' },
      { ...part, tried: 'reading a.lp' },
    ],
  ]);
});

test('a head is empty without points and without rejects', () => {
  expect(isEmpty({ points: 0, rejects: {} })).toBe(true);
  expect(isEmpty({ points: 1, rejects: {} })).toBe(false);
  expect(isEmpty({ points: 0, rejects: { 'bad-value': 1 } })).toBe(false);
});

test('the advice of a format names the input', () => {
  expect(adviceOf({ advice: 'has no header' } as Format, 'a.csv')).toBe('a.csv has no header');
  expect(adviceOf({ advice: null } as Format, 'a.csv')).toBeNull();
  expect(adviceOf({} as Format, 'a.csv')).toBeNull();
});
