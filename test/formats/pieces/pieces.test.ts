// Where inputs are cut, and where the runs of a piece end.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import type { ByteSource, Points, Position } from '../../../src/core/types/index.js';
import { INPUT_START } from '../../../src/core/types/index.js';
import { LineProtocol } from '../../../src/formats/line-protocol/line-format.js';
import { PieceCutter } from '../../../src/formats/pieces/piece-cutter.js';
import { runsUntil } from '../../../src/formats/pieces/piece-runs.js';
import { openPath } from '../../../src/inputs/open.js';
import { bytesSource, pointAt } from '../support.js';

const never = new AbortController().signal;
const options = { maxPointBytes: 1024, precision: 'ns', missingTimestamp: 'reject', chunkBytes: 4096 } as const;
const time = (i: number): string => `${1_700_000_000_000_000_000n + BigInt(i)}`;
const withString = (i: number): string => `m s="x\nevil v=1 1700000000000000000\ny" ${time(i)}\n`;

async function placesOf(text: string, pieceBytes: number): Promise<Position[]> {
  const cutter = new PieceCutter(pieceBytes);
  for await (const run of new LineProtocol(options).points(bytesSource(Buffer.from(text)), never)) cutter.take(run);
  return cutter.places;
}

/** The points of a piece of line protocol. */
async function pointsOf(source: ByteSource, from: Position, to: Position): Promise<string[]> {
  const runs = new LineProtocol(options).points(source, never, from);
  const texts: string[] = [];
  for await (const run of runsUntil(runs, { to, isRandom: false, name: 'a.lp', source }, never))
    texts.push(...pointsIn(run));
  return texts;
}

function pointsIn(run: Points): string[] {
  return Array.from({ length: run.count }, (_, i) => pointAt(run, i).text);
}

test('every place is the start of a point, with its line, also among strings that hold line ends', async () => {
  const text = Array.from({ length: 40 }, (_, i) => withString(i)).join('');
  const places = await placesOf(text, 1);
  expect(places.length).toBeGreaterThan(30);
  for (const { byteOffset, line } of places) {
    expect(text.slice(byteOffset, byteOffset + 3)).toBe('m s');
    expect(text.slice(0, byteOffset).split('\n')).toHaveLength(line);
  }
});

test('no piece begins with the last unit, which is judged by the one before', async () => {
  const text = `${withString(1)}${withString(2)}${withString(3)}`;
  const places = await placesOf(text, 1);
  expect(places.map(({ ordinal }) => ordinal)).toEqual([0, 1]);
  expect(places[1]!.digits).toBe(19);
});

test('a piece holds what begins in it, and the next piece the rest', async () => {
  const text = Array.from({ length: 100 }, (_, i) => withString(i)).join('');
  const middle = (await placesOf(text, 1000))[1]!;
  const bytes = Buffer.from(text);
  const first = await pointsOf(bytesSource(bytes), INPUT_START, middle);
  const rest = bytes.subarray(middle.byteOffset);
  const second = await pointsOf(bytesSource(rest), middle, { ...middle, byteOffset: bytes.length });
  expect([first.length, second.length]).toEqual([middle.ordinal, 100 - middle.ordinal]);
});

test('a piece that ends within a point is an error of the input', async () => {
  const text = withString(1) + withString(2) + withString(3);
  const inside = { byteOffset: text.indexOf('evil'), line: 2, ordinal: 0, digits: 0 };
  await expect(pointsOf(bytesSource(Buffer.from(text)), INPUT_START, inside)).rejects.toThrow(InputError);
});

test('a file that changes while a piece of it is read is an error of the input', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'a.lp');
  // Longer than what is read as a whole.
  const text = Array.from({ length: 20_000 }, (_, i) => `m f=${i % 7} ${time(i)}\n`).join('');
  await writeFile(path, text);
  const source = await openPath(path, path, never);
  onTestFinished(() => source.close());
  const to = (await placesOf(text, 400_000))[1]!;
  const runs = new LineProtocol(options).points(source, never);
  const piece = runsUntil(runs, { to, isRandom: false, name: path, source }, never);
  await piece.next();
  await writeFile(path, text.replaceAll('f=3', 'f=4'));
  const rest = async (): Promise<void> => {
    for await (const _ of piece);
  };
  await expect(rest()).rejects.toThrow('changed while it was read');
});
