import { expect, test } from 'vitest';
import type { ByteSource, Format, Input, Points } from '../../../src/core/types/index.js';
import { ReadStatus } from '../../../src/load/stages/read-status.js';
import { VirtualClock } from '../../support/clock.js';

const never = new AbortController().signal;
const inputs = ['a.lp', 'b.lp'].map(
  (name): Input => ({
    ...{ name, path: null, size: 1000 },
    open: () => Promise.reject(new Error('not opened here')),
  }),
);
const lines = { name: 'lp' } as Format;
const parquet = { name: 'parquet', isRandom: true } as Format;
const json = { name: 'json', reads: (source: ByteSource) => source } as Partial<Format> as Format;

/** A source of `decoded` bytes that are `stored` bytes in the file, read in parts of 100. */
function sourceOf(decoded: number, stored: number, more: Partial<ByteSource> = {}): ByteSource {
  let left = decoded;
  return {
    ...{ compression: 'gzip', close: () => Promise.resolve(), ...more },
    get bytesRead() {
      return stored * (1 - left / decoded);
    },
    read: () => {
      const read = Math.min(100, left);
      left -= read;
      return Promise.resolve(read);
    },
  };
}

/** A format that reads its source to the end and yields nothing. */
async function* drained(source: ByteSource): AsyncGenerator<Points, void> {
  while ((await source.read(new Uint8Array(100), never)) > 0) yield* [];
}

async function read(status: ReadStatus, input: number, source: ByteSource, from = 0): Promise<void> {
  status.begin(input);
  status.opened(source);
  status.reads(input, lines, source, from);
  for await (const _ of status.count(drained, lines, source, from, never));
}

test('bytes are counted as stored and as decoded, over all inputs', async () => {
  const status = new ReadStatus(inputs, new VirtualClock());
  expect(status.bytes).toEqual({ read: 0, decoded: 0 });
  await read(status, 0, sourceOf(500, 50));
  expect(status.bytes).toEqual({ read: 50, decoded: 500 });
  status.closing();
  status.end(0);
  await read(status, 1, sourceOf(300, 20));
  expect(status.bytes).toEqual({ read: 70, decoded: 800 });
});

test('an input is current while it is read, and read once it has ended', async () => {
  const status = new ReadStatus(inputs, new VirtualClock());
  expect(status.inputs).toEqual({ done: 0, current: null });
  expect([status.formatOf(0), status.isRead(0)]).toEqual([null, false]);
  await read(status, 0, sourceOf(500, 50));
  expect(status.inputs).toEqual({ done: 0, current: 'a.lp' });
  expect([status.formatOf(0), status.formatOf(1)]).toEqual(['lp', null]);
  status.closing();
  status.end(0);
  expect([status.isRead(0), status.isRead(1)]).toEqual([true, false]);
  expect(status.inputs).toEqual({ done: 1, current: 'a.lp' });
  status.endAll();
  expect(status.inputs).toEqual({ done: 1, current: null });
});

test('the position in an input is in decoded and in stored bytes from its start', async () => {
  const status = new ReadStatus(inputs, new VirtualClock());
  expect(status.positionIn(0)).toBeNull();
  await read(status, 0, sourceOf(500, 50));
  expect(status.positionIn(0)).toEqual({ file: 50, decoded: 500 });
  expect(status.positionIn(1)).toBeNull();
  status.closing();
  expect(status.positionIn(0)).toEqual({ file: 50, decoded: 500 });
  status.end(0);
  expect(status.positionIn(0)).toEqual({ file: 1000, decoded: 500 });
  await read(status, 1, sourceOf(300, 20));
  expect(status.positionIn(1)).toEqual({ file: 20, decoded: 300 });
});

test('a resumed input is positioned from where reading began, and ends at the size of its file', async () => {
  const status = new ReadStatus(inputs, new VirtualClock());
  await read(status, 0, sourceOf(500, 50), 7000);
  expect(status.positionIn(0)).toEqual({ file: 50, decoded: 7500 });
  status.closing();
  status.end(0);
  await read(status, 1, sourceOf(200, 20), 100);
  expect(status.positionIn(1)).toEqual({ file: 20, decoded: 300 });
});

test('a source that seeks has not counted the bytes before the place', async () => {
  const status = new ReadStatus(inputs, new VirtualClock());
  await read(status, 0, sourceOf(300, 300, { seek: () => {}, compression: 'gzip' }), 700);
  expect(status.positionIn(0)).toEqual({ file: 1000, decoded: 1000 });
  const begun = new ReadStatus(inputs, new VirtualClock());
  const source = sourceOf(300, 300, { seek: () => {} });
  await source.read(new Uint8Array(100), never);
  begun.begin(0);
  begun.opened(source);
  begun.reads(0, lines, source, 700);
  expect(begun.positionIn(0)).toEqual({ file: 700, decoded: 700 });
});

test('of an input that is stored as it is read, the position in the file is the decoded one', async () => {
  const plain = { compression: 'none' } as const;
  const place = async (format: Format, more: Partial<ByteSource>): Promise<number | undefined> => {
    const status = new ReadStatus(inputs, new VirtualClock());
    status.begin(0);
    const source = sourceOf(500, 50, more);
    status.opened(source);
    status.reads(0, format, source, 0);
    for await (const _ of status.count(drained, lines, source, 0, never));
    return status.positionIn(0)?.file;
  };
  expect(await place(lines, plain)).toBe(500);
  expect(await place(lines, { compression: 'gzip' })).toBe(50);
  // Formats that decode or that read at random count the bytes of the file.
  expect(await place(json, plain)).toBe(50);
  expect(await place(parquet, plain)).toBe(50);
});

test('an input that ended without a byte, or was never opened, is read', () => {
  const status = new ReadStatus(inputs, new VirtualClock());
  status.begin(0);
  status.closing();
  expect(status.positionIn(0)).toBeNull();
  status.end(0);
  expect([status.isRead(0), status.positionIn(0)]).toEqual([true, { file: 1000, decoded: 0 }]);
});

test('the position in a piece counts from its start, and an input of unknown size has none in its file', async () => {
  const from = { byteOffset: 400, line: 5, ordinal: 4, digits: 0 };
  const [a] = inputs;
  const pieces: Input[] = [
    { ...a!, piece: { from, to: null } },
    { ...a!, size: null },
  ];
  const status = new ReadStatus(pieces, new VirtualClock());
  await read(status, 0, sourceOf(300, 30), 450);
  expect(status.positionIn(0)?.decoded).toBe(350);
  status.closing();
  status.end(0);
  await read(status, 1, sourceOf(300, 30));
  status.closing();
  status.end(1);
  expect(status.positionIn(1)).toEqual({ file: 0, decoded: 300 });
});

test('a file read at random counts the bytes of its rows, and its reads are waits', async () => {
  const clock = new VirtualClock();
  const status = new ReadStatus(inputs, clock);
  const bytes = async (): Promise<Uint8Array> => {
    await clock.sleep(1000);
    return new Uint8Array(8);
  };
  const source = sourceOf(1, 1, { file: { size: 900, bytes } as never });
  async function* runs({ file }: ByteSource): AsyncGenerator<Points, void> {
    expect(file!.size).toBe(900);
    expect((await file!.bytes(0, 8)).length).toBe(8);
    for (const end of [130, 180]) yield { end } as Points;
  }
  const counted = (async () => {
    for await (const _ of status.count(runs, parquet, source, 100, never));
  })();
  await clock.advance(1000);
  await counted;
  expect(status.bytes.decoded).toBe(80);
  expect(status.waits.seconds).toBe(1);
});

test('an input at random without a file is read as its source gives it', async () => {
  const status = new ReadStatus(inputs, new VirtualClock());
  const source = sourceOf(1, 1);
  const seen: ByteSource[] = [];
  async function* runs(given: ByteSource): AsyncGenerator<Points, void> {
    seen.push(given);
    yield { end: 5 } as Points;
  }
  for await (const _ of status.count(runs, parquet, source, 0, never));
  expect(seen).toEqual([source]);
  expect(status.bytes.decoded).toBe(5);
});
