// The record of a fleet on the disk of its coordinator: pieces, and their dead letters in one file of each suffix.

import { appendFile, mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { PieceLetters } from '../../../../src/fleet/queue/messages.js';
import { type BookedPiece, FleetRecord, parseBookedPiece } from '../../../../src/load/fleet/queue/fleet-record.js';
import { folder } from '../../ledger/support.js';

const load = '0123456789ab';
const piece = (id: string, outcome: BookedPiece['outcome'] = 'complete'): BookedPiece => ({
  ...{ id, outcome, reason: null, error: null, format: 'csv', inputBytes: 1, values: 1, rejects: {} },
  points: { read: 1, loaded: 1, rejected: 0, undelivered: 0 },
});
const letters = (...files: [suffix: string, headBytes: number, text: string][]): PieceLetters => ({
  files: files.map(([suffix, headBytes, text]) => ({ suffix, headBytes, gzip: gzipSync(text).toString('base64') })),
  ...{ keptIn: null, bytes: 8 },
});

test('the dead letters of all pieces are in one file of each suffix, with its header once', async () => {
  const state = await folder();
  const record = new FleetRecord(state, load);
  expect([await record.open(), record.letters, record.letterBytes]).toEqual([[], null, 0]);
  await record.book([]);
  const [first, second] = ['a,b\n1,x\n', 'a,b\n2,y\n'];
  await record.book([[piece('p1'), letters(['.csv', 4, first], ['.ndjson', 0, '{}\n']), 'm']]);
  expect(record.letterBytes).toBe(first.length + 3);
  await record.book([
    [piece('p2'), letters(['.csv', 4, second]), 'm'],
    // This piece will be loaded again, so its dead letters do not count.
    [piece('p3', 'input'), letters(['.csv', 4, second]), 'm'],
  ]);
  expect(record.letterBytes).toBe(first.length + 4 + 3);
  expect(record.letters).toEqual({
    points: [join(state, `${load}.rejected.csv`)],
    reasons: join(state, `${load}.rejected.ndjson`),
  });
  await record.close(null);
  expect(await readFile(record.letters!.points[0]!, 'utf8')).toBe('a,b\n1,x\n2,y\n');
  const again = new FleetRecord(state, load);
  expect((await again.open()).map(({ id }) => id)).toEqual(['p1', 'p2']);
  expect([again.letterBytes, again.letters]).toEqual([record.letterBytes, record.letters]);
  await again.book([[piece('p3'), letters(['.csv', 4, 'a,b\n3,z\n'], ['.lp', 0, 'm f=x\n']), 'm']]);
  await again.close('2026');
  await again.remove();
  expect(await readdir(state)).toEqual(['csv', 'lp', 'ndjson'].map((suffix) => `${load}.rejected-2026.${suffix}`));
  expect(again.letters!.points).toEqual(['csv', 'lp'].map((suffix) => join(state, `${load}.rejected-2026.${suffix}`)));
  expect(await readFile(again.letters!.points[0]!, 'utf8')).toBe('a,b\n1,x\n2,y\n3,z\n');
});

test('an entry that a killed coordinator did not complete is cut off, with its dead letters', async () => {
  const state = await folder();
  const record = new FleetRecord(state, load);
  await record.open();
  await record.book([[piece('p1'), letters(['.lp', 0, 'm f=x\n']), 'm']]);
  await record.close(null);
  await appendFile(record.logPath, '{"piece":');
  await appendFile(record.letters!.points[0]!, 'm f=half');
  const again = new FleetRecord(state, load);
  expect((await again.open()).map(({ id }) => id)).toEqual(['p1']);
  await again.close(null);
  expect(await readFile(again.letters!.points[0]!, 'utf8')).toBe('m f=x\n');
  expect(await readFile(again.logPath, 'utf8')).toMatch(/^[^\n]+\n$/);
});

test('a record that cannot be read ends with a state error', async () => {
  const state = await folder();
  const record = new FleetRecord(state, load);
  await record.open();
  await record.close(null);
  await appendFile(record.logPath, '{}\n');
  await expect(new FleetRecord(state, load).open()).rejects.toMatchObject({ outcome: 'state' });
  expect([parseBookedPiece('{}'), parseBookedPiece('{'), parseBookedPiece(JSON.stringify(piece('p1')))]).toEqual([
    null,
    null,
    piece('p1'),
  ]);
});

test('dead letters that cannot get their final name are an error', async () => {
  const state = await folder();
  const record = new FleetRecord(state, load);
  await record.open();
  await record.book([[piece('p1'), letters(['.lp', 0, 'm f=x\n']), 'm']]);
  const path = join(state, `${load}.rejected-2026.lp`);
  await mkdir(path);
  await expect(record.close('2026')).rejects.toMatchObject({ outcome: 'state' });
  await rmdir(path);
  await record.close('2026');
  expect(await readdir(state)).toContain(`${load}.rejected-2026.lp`);
});

test('only the owner can enter the folders of dead letters, and a load without them renames nothing', async () => {
  const state = await folder();
  const record = new FleetRecord(state, load);
  await record.open();
  await record.book([[piece('p1'), letters(['h=1/.lp', 0, 'm f=x\n']), 'm']]);
  expect((await stat(join(state, 'h=1'))).mode & 0o777).toBe(0o700);
  await record.close(null);
  const other = new FleetRecord(state, '9876543210ab');
  await other.open();
  await other.close('2026');
  expect(await readFile(other.logPath, 'utf8')).toBe('');
});
