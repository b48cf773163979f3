import { crc32 } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { BugError } from '../../../../src/core/errors.js';
import { PrefixChecksum } from '../../../../src/core/io/prefix-checksum.js';
import type { ByteSource } from '../../../../src/core/types/index.js';
import { LineProtocol } from '../../../../src/formats/line-protocol/line-format.js';
import { casesOf } from '../../../support/effort.js';
import { mutatedInput, random } from '../../kernel/oracle.js';
import { bytesSource, type Options, readAll } from '../../support.js';

const plain: Options = { maxPointBytes: 512, precision: 'ns', missingTimestamp: 'reject' };
const made: LineProtocol[] = [];
const never = new AbortController().signal;

function pair(options: Partial<Options> = {}): { worker: LineProtocol; main: LineProtocol } {
  const worker = new LineProtocol({ ...plain, ...options, workerThread: true });
  made.push(worker);
  return { worker, main: new LineProtocol({ ...plain, ...options }) };
}

afterAll(async () => {
  for (const each of made) await each.close();
});

/** Returns a source that yields its bytes and then waits until it is aborted. */
function idleSource(text: string): ByteSource {
  let given = false;
  return {
    ...bytesSource(new Uint8Array(0)),
    read: async (into, signal) => {
      if (given) return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      given = true;
      into.set(Buffer.from(text));
      return text.length;
    },
  };
}

test('the worker thread finds the same points, shapes, rejects, lines and offsets in every chunking', async () => {
  const next = random(20261125);
  // Small windows and runs, so that each input has many of them, and the usual sizes.
  const pairs = [
    pair({ chunkBytes: 97, indexPoints: 3, maxPointBytes: 64 }),
    pair({ chunkBytes: 4096, missingTimestamp: 'now', maxShapes: 4 }),
    pair({}),
  ];
  for (let i = 0; i < casesOf(150, 15); i += 1) {
    const { input } = mutatedInput(next);
    const chunks = Array.from({ length: 40 }, () => 1 + next(120));
    for (const { worker, main } of pairs) {
      expect(await readAll(worker, input, chunks)).toEqual(await readAll(main, input, chunks));
    }
  }
});

test('the worker thread resumes in the middle of an input as the main thread does', async () => {
  const { worker, main } = pair();
  const input = Buffer.from('m f=3 12345\nm f=4 12346\nm f=5 12');
  const start = { byteOffset: 24, line: 3, ordinal: 2, digits: 5 };
  const allRuns = async (format: LineProtocol) => {
    const found: unknown[] = [];
    for await (const run of format.points(bytesSource(input), never, start)) {
      const { count, firstLine, endLine, origin, end } = run;
      const rejects = run.rejects.map(({ start: at, reason, line }) => [origin + at, reason, line]);
      found.push([count, firstLine, endLine, count > 0 ? origin + run.index[0]! : null, end, rejects]);
    }
    return found;
  };
  expect(await allRuns(worker)).toEqual(await allRuns(main));
});

test('the worker thread returns complete points of an idle input, and stops at once', async () => {
  const { worker } = pair();
  const stop = new AbortController();
  const runs = worker.points(idleSource('m f=1 1\nm f=2'), stop.signal);
  expect((await runs.next()).value).toMatchObject({ count: 1, end: 8 });
  const waiting = runs.next();
  stop.abort(new Error('stopped main'));
  await expect(waiting).rejects.toThrow('stopped main');
});

test('points before a read error arrive before the error, and the next input starts afresh', async () => {
  const { worker } = pair();
  const broken = bytesSource(Buffer.from('m f=1 1\nm f=2 2\n# and\nm f'), [26]);
  let reads = 0;
  const source: ByteSource = {
    ...broken,
    read: async (into, signal) => {
      reads += 1;
      if (reads > 1) throw new Error('it broke');
      return await broken.read(into, signal);
    },
  };
  const runs = worker.points(source, never);
  expect((await runs.next()).value).toMatchObject({ count: 2 });
  await expect(runs.next()).rejects.toThrow('it broke');
  expect((await readAll(worker, Buffer.from('m f=3 3\n'), [])).points).toMatchObject([{ text: 'm f=3 3', line: 1 }]);
});

test('an abandoned input leaves nothing behind for the next one', async () => {
  const { worker, main } = pair({ chunkBytes: 64, indexPoints: 2 });
  const long = Buffer.from('left,t=1 f=1,g="x" 1\n'.repeat(2000));
  for (let taken = 0; taken < 12; taken += 1) {
    const runs = worker.points(bytesSource(long), never);
    for (let i = 0; i < taken; i += 1) await runs.next();
    await runs.return();
    const input = Buffer.from(`m f=${taken} 1\nm g="a\nb" 2\n`);
    expect(await readAll(worker, input, [])).toEqual(await readAll(main, input, []));
  }
});

test('a crash of the worker thread ends the run with its stack', async () => {
  // The module has no kernel, so the thread cannot start.
  const worker = new LineProtocol({ ...plain, workerThread: true, kernel: new Uint8Array([0, 97, 115, 109]) });
  const broken = await readAll(worker, Buffer.from('m f=1 1\n'), []).catch((error: unknown) => error);
  expect(broken).toBeInstanceOf(BugError);
  expect(((broken as BugError).cause as Error).stack).toContain('loadKernel');
  await expect(readAll(worker, Buffer.from('m f=1 1\n'), [])).rejects.toBe(broken);
});

test('the worker thread continues the checksum of a file, with what was read before and what nobody wants any more', async () => {
  const { worker } = pair({ chunkBytes: 4096 });
  const input = Buffer.from('m,t=a f=1 1640995200000000000\n'.repeat(2000));
  for (const [summed, limit] of [
    [0, 1e6],
    [10, 1e6],
    [5000, 1e6],
    [0, 1000],
  ] as const) {
    const checksum = new PrefixChecksum();
    checksum.start({ to: summed, crc: crc32(input.subarray(0, summed)) });
    const source = bytesSource(input);
    let at = 0;
    const counting = async (into: Uint8Array, signal: AbortSignal): Promise<number> => {
      const count = await source.read(into, signal);
      checksum.add(at, into.subarray(0, count));
      at += count;
      return count;
    };
    const file = { size: input.length, checksum, bytes: () => Promise.reject(new Error('not read at random')) };
    let points = 0;
    for await (const run of worker.points({ ...source, read: counting, file }, never)) {
      points += run.count;
      // Never less than what the points cover.
      expect(checksum.state!.to).toBeGreaterThanOrEqual(run.end);
      if (points >= limit) break;
    }
    expect(points >= Math.min(limit, 2000)).toBe(true);
    expect(checksum.state).toEqual({ to: at, crc: crc32(input.subarray(0, at)) });
    checksum.add(at, Buffer.from('more'));
    expect(checksum.state?.crc).toBe(crc32('more', crc32(input.subarray(0, at))));
  }
});
