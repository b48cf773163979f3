// Planning passes plain rows without parsing them, and comes to the pieces and points of a parser.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { unbounded } from '../../../src/batching/points/point-bounds.js';
import { resolve } from '../../../src/config/resolve.js';
import { InputError } from '../../../src/core/errors.js';
import type { ByteSource, Format, Input, Points, Shape } from '../../../src/core/types/index.js';
import { wrapObject } from '../../../src/core/wrap-object.js';
import type { PlannedInput } from '../../../src/fleet/plan-file.js';
import { FormatSet } from '../../../src/formats/format-set.js';
import { expand } from '../../../src/inputs/expand.js';
import { scanInput, unreadInput } from '../../../src/load/fleet/scan-input.js';
import { options as table } from '../../../src/load/option-table.js';
import { bytesSource } from '../../formats/support.js';
import { remote } from '../../support/servers/remote.js';
import { points } from '../custom-load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Scanned {
  readonly planned: PlannedInput;
  readonly parsedPoints: number;
  /** The points that introduce columns. */
  readonly introduced: readonly string[];
}

/** Scans a file. `parses` lets no row pass without the parser. */
async function scan(path: string, flags: object, parses: boolean): Promise<Scanned> {
  const stdin = { isTTY: true, isPipeOrFile: false, stream: () => process.stdin };
  const { inputs } = await expand([path], { stdin, cwd: folder, stateDir: join(folder, 'none'), remote });
  return await scanned(inputs[0]!, { measurement: 'm', tags: 'host', ...flags }, parses, 100_000);
}

async function scanned(
  input: Input,
  flags: object,
  parses: boolean,
  pieceBytes: number,
  own: Partial<Format> = {},
  split: 'auto' | 'lines' = 'auto',
  bounds = unbounded,
): Promise<Scanned> {
  const { settings } = await resolve(table, { flags: { db: 'd', ...flags }, env: {} });
  const formats = new FormatSet(settings);
  let parsedPoints = 0;
  const counting = async function* (runs: AsyncGenerator<Points, void>): AsyncGenerator<Points, void> {
    for await (const run of runs) {
      parsedPoints += run.count;
      yield run;
    }
  };
  const known = new Set<string>();
  const introduced: string[] = [];
  const choose: FormatSet['choose'] = async (...args) => {
    const { format, source } = await formats.choose(...args);
    const points: typeof format.points = (...rest) => counting(format.points(...rest));
    return { source, format: wrapObject(format, { points, ...own, ...(parses ? { plainRows: undefined } : {}) }) };
  };
  const planned = await scanInput(input, {
    ...{ formats: wrapObject(formats, { choose }), split, pieceBytes, parsed: vi.fn() },
    budget: { bytes: 2 ** 30, limitFor: () => null },
    bounds,
    match: (shape: Shape) =>
      ({ kind: namesOf(shape).every((name) => known.has(name)) ? 'known' : 'introduces' }) as never,
    introduces: (shape, point) => {
      for (const name of namesOf(shape)) known.add(name);
      introduced.push(point === null ? `the schema of ${shape.table}` : Buffer.from(point).toString());
    },
    signal: new AbortController().signal,
  });
  return { planned, parsedPoints, introduced };
}

/** Returns the names of a table and of its columns. */
const namesOf = ({ table: name, columns }: Shape): string[] => [
  name,
  ...columns.map((column) => `${name} ${column.name}`),
];

/** Scans a text as line protocol, in pieces of at least 100 bytes. */
async function scanText(
  text: string,
  own: Partial<ByteSource> = {},
  format: Partial<Format> = {},
  split: 'auto' | 'lines' = 'auto',
): Promise<Scanned> {
  const bytes = Buffer.from(text);
  const open: Input['open'] = () => Promise.resolve({ ...bytesSource(bytes), ...own });
  return await scanned({ name: 'a.lp', path: '/a.lp', size: bytes.length, open }, {}, false, 100, format, split);
}

const planOf = async (...args: Parameters<typeof scanText>): Promise<PlannedInput> => (await scanText(...args)).planned;

test('the first point of each table introduces its columns', async () => {
  const tables = ['a f=1 1', 'b f=1 2', 'a f=2 3', 'c f=1 4'];
  expect((await scanText(tables.join('\n'))).introduced).toEqual(['a f=1 1', 'b f=1 2', 'c f=1 4']);
});

test('the first point with a column introduces it, and points with known columns introduce nothing', async () => {
  const lines = ['a f=1 1', 'a f=2 2', 'a g=3 3', 'a f=4,g=5 4', 'a g=6 5'];
  expect((await scanText(lines.join('\n'))).introduced).toEqual(['a f=1 1', 'a g=3 3']);
});

const textInput = (text: string): Input => {
  const bytes = Buffer.from(text);
  return { name: 'a.lp', path: '/a.lp', size: bytes.length, open: () => Promise.resolve(bytesSource(bytes)) };
};

test('a point outside the allowed times introduces no column', async () => {
  const bounds = { ...unbounded, oldest: 2 };
  const { introduced } = await scanned(textInput('a f=1 1\na f=2 2\nb f=1 1\n'), {}, false, 100, {}, 'auto', bounds);
  expect(introduced).toEqual(['a f=2 2']);
});

test('--split lines cuts at the first line end after the size of a piece', async () => {
  const path = join(folder, 'lines.lp');
  await writeFile(path, 'm f=1   1\n'.repeat(35));
  const stdin = { isTTY: true, isPipeOrFile: false, stream: () => process.stdin };
  const { inputs } = await expand([path], { stdin, cwd: folder, stateDir: join(folder, 'none'), remote });
  const { planned } = await scanned(inputs[0]!, {}, false, 105, {}, 'lines');
  expect(planned.pieces.map(({ from }) => [from.byteOffset, from.line])).toEqual([
    [0, 1],
    [110, 12],
    [220, 23],
    [330, 34],
  ]);
});

test('an input that fails keeps its last piece, and a defect ends the scan', async () => {
  // Fails before the format is chosen, or after the first points.
  for (const whole of ['', points(9)]) {
    const failing = (error: Error): Promise<PlannedInput> => {
      const source = bytesSource(Buffer.from(whole));
      const read: ByteSource['read'] = async (...into) => (await source.read(...into)) || Promise.reject(error);
      return planOf('', { read });
    };
    expect((await failing(new InputError('no disk'))).pieces).toMatchObject([{ to: null, points: null }]);
    await expect(failing(new Error('a defect'))).rejects.toThrow('a defect');
  }
});

test('an input whose lines are all rejected has an error that counts them', async () => {
  const { error, pieces } = await planOf('no line protocol\nneither\n');
  expect(error).toContain('none of the 2 lines of a.lp is line protocol');
  expect(pieces).toMatchObject([{ points: 2 }]);
  expect(await planOf(`no line protocol\n${points(1)}`)).toMatchObject({ error: null, pieces: [{ points: 2 }] });
  expect(await planOf('# a comment\n')).toMatchObject({ error: null, pieces: [{ points: 0 }] });
});

test('only an uncompressed input that can be read from any position is cut', async () => {
  const seek = (): never => expect.unreachable();
  expect((await planOf(points(20), { seek })).pieces).toHaveLength(5);
  expect((await planOf(points(20))).pieces).toMatchObject([{ points: 20, to: null }]);
  expect((await planOf(points(20), { seek, compression: 'gzip' })).pieces).toMatchObject([{ points: 20, to: null }]);
});

test('neighbouring row groups are joined until a piece is large enough', async () => {
  const groups = [40, 40, 20, 200, 10].map((bytes, i) => ({ first: 10 * i, rows: 10, bytes }));
  const { pieces } = await planOf('', {}, { outline: () => Promise.resolve({ groups, shape: null }) });
  expect(pieces.map(({ from, to, bytes, points: count }) => [from!.line, to?.line, bytes, count])).toEqual([
    [1, 31, 100, 30],
    [31, 41, 200, 10],
    [41, undefined, 10, 10],
  ]);
});

const rows = 60_000;
const lines = (): string[] =>
  Array.from({ length: rows }, (_, i) => `h${i % 10},${i}.5,word,${1_640_995_200_000_000_000n + BigInt(i)}`);
const at = (row: number, text: string): string[] => lines().map((line, i) => (i === row ? text : line));

test.each([
  ['plain rows', lines(), {}, 45_000],
  ['a blank line late in the file', at(50_000, ''), {}, 55_000],
  ['a quoted line end late in the file', at(50_000, 'h1,1,"two\nlines",1640995200000000000'), {}, 55_000],
  ['a row that is too short', at(50_000, 'h1,1'), {}, 45_000],
  [
    'a column without a value in the first megabyte',
    lines().map((line, i) => (i < 50_000 ? line.replace('word', '') : line)),
    {},
    rows,
  ],
  ['a table named by a column', lines(), { measurement: '{s}' }, rows],
])('%s', async (name, content, flags, maxParsed) => {
  for (const [lineEnd, last] of [
    ['\n', '\n'],
    ['\r\n', ''],
  ] as const) {
    const path = join(folder, `${name.replaceAll(' ', '-')}.csv`);
    await writeFile(path, ['host,v,s,time', ...content].join(lineEnd) + last);
    const expected = await scan(path, flags, true);
    const found = await scan(path, flags, false);
    expect(found.planned).toEqual(expected.planned);
    expect(found.introduced).toEqual(expected.introduced);
    expect(found.planned.pieces.length).toBeGreaterThan(15);
    expect(found.parsedPoints).toBeLessThanOrEqual(maxParsed);
    expect(expected.parsedPoints).toBeGreaterThan(rows - 3);
  }
});

test('an input of unknown size that is not read counts as empty', () => {
  const input = { name: 'a', path: '/a', size: null } as Input;
  expect(unreadInput(input)).toEqual({
    ...{ name: 'a', path: '/a', folders: [], size: 0, hash: null, error: null, pieces: [] },
  });
});

const seekable = (text: string): Partial<ByteSource> => ({
  seek: (): never => expect.unreachable(),
  file: { size: text.length, version: 'v', bytes: async (from, to) => Buffer.from(text).subarray(from, to) },
});
/** Byte offset, line and size of each piece with --split lines. */
const linePieces = async (text: string) => {
  const { pieces } = (await scanText(text, seekable(text), {}, 'lines')).planned;
  expect(pieces.map(({ from, points: count }) => [from!.ordinal, from!.digits, count])).toEqual(
    pieces.map(() => [0, 0, null]),
  );
  return pieces.map(({ from, bytes }) => [from!.byteOffset, from!.line, bytes]);
};

test('--split lines counts blank lines, cuts at a line end of exactly its size, and not at the end of the file', async () => {
  const line = 'm f=1   1\n';
  expect(await linePieces(line.repeat(20))).toEqual([
    [0, 1, 100],
    [100, 11, 100],
  ]);
  expect(await linePieces(`\n\n${line.repeat(20)}`)).toEqual([
    [0, 1, 102],
    [102, 13, 100],
  ]);
});

test('--split lines parses only the first megabyte, and cannot tell whether the whole input has another format', async () => {
  const line = 'm f=1 1640995200000000000\n';
  const text = line.repeat(120_000);
  const { parsedPoints } = await scanText(text, seekable(text), {}, 'lines');
  expect(parsedPoints * line.length).toBeGreaterThanOrEqual(2 ** 20);
  expect(parsedPoints * line.length).toBeLessThan(2 ** 21);
  const other = 'no line protocol\n'.repeat(120_000);
  expect((await scanText(other, seekable(other), {}, 'lines')).planned.error).toBeNull();
});

test('a file without row groups has one empty piece, and its schema introduces columns', async () => {
  const shape = { table: 'm', columns: [] } as unknown as Shape;
  const { planned, introduced } = await scanText(
    'm f=1',
    {},
    { outline: () => Promise.resolve({ groups: [], shape }) },
  );
  const from = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };
  expect(planned.pieces).toEqual([{ from, to: null, bytes: 5, points: 0 }]);
  expect(introduced).toEqual(['the schema of m']);
});

test('an input that fails keeps the pieces up to the failure, and has no error of its format', async () => {
  for (const [text, pieces] of [
    [points(20), 5],
    ['no line protocol\n', 1],
  ] as const) {
    const source = bytesSource(Buffer.from(text));
    const read: ByteSource['read'] = async (...into) =>
      (await source.read(...into)) || Promise.reject(new InputError('no disk'));
    const planned = await planOf(text, { ...seekable(text), read });
    expect([planned.pieces.length, planned.pieces.at(-1)!.points, planned.error]).toEqual([pieces, null, null]);
  }
});

test('the size of an input is that of the open file, else that of its listing, else zero', async () => {
  const sizeOf = async (size: number | null, own: Partial<ByteSource>) => {
    const open: Input['open'] = () => Promise.resolve({ ...bytesSource(Buffer.from(points(1))), ...own });
    return (await scanned({ name: 'a.lp', path: '/a.lp', size, open }, {}, false, 100)).planned.size;
  };
  expect(await sizeOf(7, seekable('12345'))).toBe(5);
  expect([await sizeOf(7, {}), await sizeOf(null, {})]).toEqual([7, 0]);
  const open = () => Promise.reject(new InputError('gone'));
  const { planned } = await scanned({ name: 'a.lp', path: '/a.lp', size: null, open }, {}, false, 100);
  expect(planned.pieces).toMatchObject([{ bytes: 0, to: null, points: null }]);
});
