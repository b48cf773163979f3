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

test('a resumed input is positioned from where reading began', async () => {
  const status = new ReadStatus(inputs, new VirtualClock());
  await read(status, 0, sourceOf(500, 50), 7000);
  expect(status.positionIn(0)).toMatchObject({ decoded: 7500 });
});
