// Reads a whole input through LineProtocol, from a source that hands out chunks of given sizes, into plain values.

import { expect } from 'vitest';
import * as model from '../../src/core/types/index.js';
import { LineProtocol } from '../../src/formats/line-protocol/line-format.js';

export type Options = ConstructorParameters<typeof LineProtocol>[0];

/** A source over bytes at hand; once `chunks` is used up it fills what it is given. */
export function bytesSource(input: Uint8Array, chunks: readonly number[] = []): model.ByteSource {
  let at = 0;
  let turn = 0;
  return {
    bytesRead: input.length,
    compression: 'none',
    close: async () => {},
    read: async (into) => {
      const length = Math.min(chunks[turn++] ?? into.length, into.length, input.length - at);
      into.set(input.subarray(at, at + length));
      at += length;
      return length;
    },
  };
}

function latin1(bytes: Uint8Array, start: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('latin1');
}

/** Bytes as text are latin1 in `source`, UTF-8 in `text`. */
export function pointAt(run: model.Points, i: number) {
  const word = (offset: number): number => run.index[i * model.POINT_WORDS + offset]!;
  const number = word(model.SHAPE) & 0x7fff_ffff;
  const time = (BigInt(word(model.TIME_HIGH)) << 32n) | BigInt(word(model.TIME_LOW));
  return {
    text: Buffer.from(run.bytes.buffer, word(model.START), word(model.LENGTH)).toString(),
    source: latin1(run.bytes, word(model.SOURCE_START), word(model.SOURCE_LENGTH)),
    line: run.firstLine + word(model.LINE),
    offset: run.origin + word(model.SOURCE_START),
    time: word(model.SHAPE) >= model.NO_TIMESTAMP ? null : BigInt.asIntN(64, time),
    shape: number === model.UNCOUNTED_SHAPE ? run.shapeOf(i) : run.shape(number),
  };
}

export function rejectAt(run: model.Points, reject: model.FormatReject) {
  return {
    reason: reject.reason,
    source: latin1(run.bytes, reject.start, reject.length),
    line: run.firstLine + reject.line,
    offset: run.origin + reject.start,
    part: reject.part,
  };
}

/** All points and rejects; the parts of an over-long line are put together. A run that can be held stays valid meanwhile. */
export async function readAll(format: model.Format, input: Uint8Array, chunks: readonly number[]) {
  const points: ReturnType<typeof pointAt>[] = [];
  const rejects: Omit<ReturnType<typeof rejectAt>, 'part'>[] = [];
  let end = 0;
  let release = (): void => {};
  for await (const run of format.points(bytesSource(input, chunks), new AbortController().signal)) {
    release();
    const found = Array.from({ length: run.count }, (_, i) => pointAt(run, i));
    points.push(...found);
    const free = run.hold?.();
    release = () => {
      if (free !== undefined) expect(found).toEqual(found.map((_, i) => pointAt(run, i)));
      free?.();
    };
    for (const each of run.rejects) {
      const { part, ...reject } = rejectAt(run, each);
      const last = rejects.at(-1);
      if ((part === 'middle' || part === 'last') && last) last.source += reject.source;
      else rejects.push(reject);
    }
    end = run.end;
  }
  release();
  return { points, rejects, end };
}

export function read(input: string | Buffer, options: Options, chunks: readonly number[] = []) {
  return readAll(new LineProtocol(options), Buffer.from(input as string), chunks);
}
