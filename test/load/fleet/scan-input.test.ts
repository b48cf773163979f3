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
    bounds: unbounded,
    match: (shape: Shape) => ({ kind: known.has(shape.table) ? 'known' : 'introduces' }) as never,
    introduces: (shape, point) => {
      known.add(shape.table);
      introduced.push(Buffer.from(point!).toString());
    },
    signal: new AbortController().signal,
  });
  return { planned, parsedPoints, introduced };
}

/** Scans a text as line protocol, in pieces of at least 100 bytes. */
async function scanText(text: string, own: Partial<ByteSource> = {}, format: Partial<Format> = {}): Promise<Scanned> {
  const bytes = Buffer.from(text);
  const open: Input['open'] = () => Promise.resolve({ ...bytesSource(bytes), ...own });
  return await scanned({ name: 'a.lp', path: '/a.lp', size: bytes.length, open }, {}, false, 100, format);
}

const planOf = async (...args: Parameters<typeof scanText>): Promise<PlannedInput> => (await scanText(...args)).planned;

test('the first point of each table introduces its columns', async () => {
  const tables = ['a f=1 1', 'b f=1 2', 'a f=2 3', 'c f=1 4'];
  expect((await scanText(tables.join('\n'))).introduced).toEqual(['a f=1 1', 'b f=1 2', 'c f=1 4']);
});

test('a table introduces its columns once, also if its points differ in their fields', async () => {
  const lines = ['a f=1 1', 'a f=2 2', 'a g=3 3', 'a f=4,g=5 4', 'a g=6 5'];
  expect((await scanText(lines.join('\n'))).introduced).toEqual(['a f=1 1']);
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
