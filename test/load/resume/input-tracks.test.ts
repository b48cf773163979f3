import { expect, test } from 'vitest';
import type { Batch, BatchReject, ByteSource, FileBytes, Receipt } from '../../../src/core/types/index.js';
import { INPUT_START } from '../../../src/core/types/index.js';
import { InputTracks, type InputTracksOptions } from '../../../src/load/resume/input-tracks.js';
import { fingerprint } from '../../../src/state/fingerprint.js';
import { InputProgress } from '../../../src/state/input-progress.js';
import { batch, reject } from '../ledger/support.js';

const size = 1000;
const fileOf = (content = Buffer.alloc(size, 7), more: Partial<FileBytes> = {}): FileBytes => ({
  ...{ size: content.length, version: 'v', bytes: async (from, to) => content.subarray(from, to) },
  ...more,
});
const sourceOf = (more: Partial<ByteSource> = {}): ByteSource => ({
  ...{ compression: 'none', bytesRead: 0, file: fileOf() },
  ...{ read: () => Promise.resolve(0), close: () => Promise.resolve() },
  ...more,
});

function tracksOf(more: Partial<InputTracksOptions> = {}): InputTracks {
  const totals = { loaded: 5, rejected: 1, values: 9, reasons: new Map([['bad-number', 1]]) };
  return new InputTracks({
    ...{ paths: ['/a', '/b'], totals: () => totals as never, checkpoint: true, checksums: false },
    cluster: () => ({ endpoints: ['h:1'], id: null }),
    ...more,
  });
}

async function begun(tracks: InputTracks, input = 0, source = sourceOf(), readTo = 0): Promise<void> {
  tracks.begin(input, source, new InputProgress(INPUT_START), await fingerprint(source.file!, readTo));
}

const loaded = (points: number, from = 0): Receipt => ({
  loaded: [{ from, to: points }],
  ...{ rejected: [], undelivered: [] },
});
const at = (byteOffset: number, ordinal = 0) => ({ byteOffset, line: 1, ordinal, digits: 0 });
/** The second of two batches of ten points. */
const after = (first: Batch): Batch =>
  batch(10, { span: { ...first.span, byteOffset: first.span.bytes, ordinal: 10, firstLine: 11, endLine: 21 } });

test('an input is finished once it was read to its end, everything is settled, and its source is closed', async () => {
  const tracks = tracksOf();
  await begun(tracks);
  expect([tracks.firstOpenOrdinal, tracks.finishedCount]).toEqual([0, 0]);
  const one = batch(10);
  tracks.book(one, loaded(10), true, []);
  expect(tracks.firstOpenOrdinal).toBe(10);
  tracks.readToEnd(0, { from: one.span.bytes, to: at(size, 10) });
  expect(tracks.finishedCount).toBe(0);
  await tracks.close(0);
  expect([tracks.finishedCount, tracks.firstOpenOrdinal]).toEqual([1, null]);
  const [entry] = tracks.takeFinished();
  expect(entry).toMatchObject({
    ...{ path: '/a', loaded: 5, rejected: 1, values: 9, reasons: { 'bad-number': 1 }, tables: ['m'] },
    ...{ place: { byteOffset: size }, beyond: [], cluster: { endpoints: ['h:1'] } },
  });
  expect([tracks.finishedCount, tracks.unfinished()]).toEqual([0, []]);
});

test('an input whose last batch is settled after it was closed is finished then', async () => {
  const tracks = tracksOf();
  await begun(tracks);
  const [one] = [batch(10)];
  tracks.readToEnd(0, { from: one.span.bytes, to: at(size, 10) });
  await tracks.close(0);
  expect(tracks.finishedCount).toBe(0);
  expect(tracks.unfinished()).toMatchObject([{ place: { byteOffset: 0 }, beyond: [{ from: one.span.bytes }] }]);
  tracks.book(one, loaded(10), true, []);
  expect(tracks.finishedCount).toBe(1);
});

test('an input that was not read to its end, or has a gap, stays unfinished', async () => {
  const tracks = tracksOf();
  await begun(tracks);
  await begun(tracks, 1);
  const first = batch(10);
  tracks.book(first, loaded(10), true, []);
  await tracks.close(0);
  expect(tracks.unfinished().map(({ path, place }) => [path, place.byteOffset])).toEqual([
    ['/a', first.span.bytes],
    ['/b', 0],
  ]);
  const second = after(batch(10, { input: 1 }));
  tracks.book({ ...second, span: { ...second.span, input: 1 } }, loaded(10), true, []);
  tracks.readToEnd(1, { from: second.span.byteOffset + second.span.bytes, to: at(size, 20) });
  await tracks.close(1);
  expect(tracks.finishedCount).toBe(0);
  expect(tracks.firstOpenOrdinal).toBe(0);
});

test('without a checkpoint or without a fingerprint an input leaves no entry', async () => {
  const plain = tracksOf({ checkpoint: false });
  await begun(plain);
  const unknown = tracksOf();
  unknown.begin(0, sourceOf(), new InputProgress(INPUT_START), null);
  expect(unknown.unfinished()).toEqual([]);
  for (const tracks of [plain, unknown]) {
    tracks.readToEnd(0, { from: 0, to: at(size) });
    await tracks.close(0);
    expect([tracks.finishedCount, tracks.firstOpenOrdinal]).toEqual([0, null]);
  }
  await tracksOf().close(1);
});

test('at most ten tables of an input are recorded, those of earlier runs included', async () => {
  const tracks = tracksOf();
  const known = Array.from({ length: 8 }, (_, i) => `t${i}`);
  tracks.begin(0, sourceOf(), new InputProgress(INPUT_START), await fingerprint(fileOf(), 0), known);
  const lines = ['a f=1 1\n', 'b f=1 2\n', 'c f=1 3\n', 'd f=1 4\n'];
  const ends = lines.map((_, i) => lines.slice(0, i + 1).join('').length);
  const parts: Receipt = {
    loaded: [1, 2, 3].map((from) => ({ from, to: from + 1 })),
    ...{ rejected: [], undelivered: [] },
  };
  tracks.book(batch(4, { body: Buffer.from(lines.join('')), bodyEnd: (i) => ends[i]! }), parts, true, []);
  expect(tracks.unfinished()[0]!.tables).toEqual([...known, 'b', 'c']);
});

test('a point in parts is settled once all its parts are in the dead letters', async () => {
  const tracks = tracksOf();
  await begun(tracks);
  const part = (name: BatchReject['part'], byteOffset: number): Batch =>
    batch(0, {
      rejects: [reject('x'.repeat(10), { part: name, byteOffset, line: 1 })],
      span: { input: 0, firstLine: 1, byteOffset, bytes: 10, ordinal: 0, endLine: 1 },
    });
  tracks.book(part('last', 20), loaded(0), true, []);
  expect(tracks.incompletePoints).toBe(1);
  tracks.book(part('first', 0), loaded(0), true, []);
  expect(tracks.unfinished()[0]!.place.byteOffset).toBe(0);
  tracks.book(part('middle', 10), loaded(0), true, [1]);
  expect(tracks.incompletePoints).toBe(0);
  expect(tracks.unfinished()[0]!.place.byteOffset).toBe(30);
  // Rejects that could not be stored change nothing.
  tracks.book(part('last', 30), loaded(0), false, []);
  expect(tracks.incompletePoints).toBe(0);
});

test('the fingerprint of a plain file grows with the settled bytes, that of another with the bytes read', async () => {
  const tracks = tracksOf();
  await begun(tracks, 0);
  await begun(tracks, 1, sourceOf({ compression: 'gzip', bytesRead: 333 }));
  const tails = (): number[] => tracks.unfinished().map(({ fingerprint: { tail } }) => tail.to);
  expect(tails()).toEqual([0, 0]);
  const one = batch(10);
  tracks.book(one, loaded(10), true, []);
  await tracks.refreshFingerprints();
  expect(tails()).toEqual([one.span.bytes, 333]);
  // A closed source is not read again.
  await tracks.close(0);
  tracks.book(after(one), loaded(10), true, []);
  await tracks.refreshFingerprints();
  expect(tails()).toEqual([one.span.bytes, 333]);
});

test('the last fingerprint of an input is taken before its source is closed, if a checkpoint is written', async () => {
  const tailAfterClose = async (checkpoint: boolean): Promise<number | undefined> => {
    const tracks = tracksOf({ checkpoint });
    await begun(tracks);
    tracks.book(batch(10), loaded(10), true, []);
    await tracks.close(0);
    return tracks.unfinished()[0]?.fingerprint.tail.to;
  };
  expect(await tailAfterClose(true)).toBe(batch(10).span.bytes);
  expect(await tailAfterClose(false)).toBe(0);
});

test('a line that is complete without an earlier part, and totals without reasons, are booked', async () => {
  const tracks = tracksOf({ totals: () => ({ loaded: 0, rejected: 0, values: 0, reasons: undefined }) as never });
  await begun(tracks);
  tracks.book(batch(10), loaded(10), true, [99]);
  expect(tracks.unfinished()[0]).toMatchObject({ place: { byteOffset: batch(10).span.bytes }, reasons: {} });
});

test('a fingerprint is taken again only when more is settled or more has a checksum', async () => {
  let reads = 0;
  const content = Buffer.alloc(size, 1);
  const checksum = { state: { to: 100, crc: 1 }, start: () => {} };
  const bytes = async (from: number, to: number): Promise<Uint8Array> => {
    reads += 1;
    return content.subarray(from, to);
  };
  const tracks = tracksOf();
  const source = sourceOf({ file: fileOf(content, { bytes, checksum: checksum as never }) });
  await begun(tracks, 0, source, 100);
  reads = 0;
  await tracks.refreshFingerprints();
  expect(reads).toBe(0);
  // Settled exactly up to the block that is known.
  tracks.book(
    batch(0, { span: { input: 0, firstLine: 1, byteOffset: 0, bytes: 100, ordinal: 0, endLine: 2 } }),
    loaded(0),
    true,
    [],
  );
  await tracks.refreshFingerprints();
  expect([reads, tracks.unfinished()[0]!.place.byteOffset]).toEqual([0, 100]);
  checksum.state = { to: 200, crc: 2 };
  await tracks.refreshFingerprints();
  expect(reads).toBeGreaterThan(0);
  expect(tracks.unfinished()[0]!.fingerprint).toMatchObject({ tail: { to: 100 }, content: { to: 200, crc: 2 } });
});

test('a file that cannot be read any more keeps its last fingerprint', async () => {
  const tracks = tracksOf();
  let isGone = false;
  const bytes = (): Promise<Uint8Array> =>
    isGone ? Promise.reject(new Error('gone')) : Promise.resolve(Buffer.from('x'));
  await begun(tracks, 0, sourceOf({ file: fileOf(Buffer.alloc(size), { bytes }) }));
  const before = tracks.unfinished()[0]!.fingerprint;
  isGone = true;
  tracks.book(batch(10), loaded(10), true, []);
  await tracks.close(0);
  expect(tracks.unfinished()[0]!.fingerprint).toEqual(before);
});

test('for --skip-loaded the checksum of a plain file that was read to its end is completed', async () => {
  const completed = async (more: Partial<ByteSource>, options: Partial<InputTracksOptions>, whole = true) => {
    let started: { to: number } | undefined;
    const checksum = { state: undefined, start: (state: { to: number }) => (started = state) };
    const file = fileOf(undefined, { checksum: checksum as never });
    const tracks = tracksOf(options);
    await begun(tracks, 0, sourceOf({ file, ...more }));
    if (whole) tracks.readToEnd(0, { from: 0, to: at(size) });
    await tracks.close(0);
    return started?.to;
  };
  expect(await completed({}, { checksums: true })).toBe(size);
  expect(await completed({}, { checksums: true }, false)).toBeUndefined();
  expect(await completed({}, { checksums: false })).toBeUndefined();
  expect(await completed({}, { checksums: true, checkpoint: false })).toBeUndefined();
  expect(await completed({ compression: 'gzip' }, { checksums: true })).toBeUndefined();
});
