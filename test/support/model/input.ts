// Generated line protocol: one block of points, repeated. The points are large, so that the same bytes cost the test a
// quarter of the parsing; the model cluster counts only bytes.

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileBytes, Input } from '../../../src/core/types/index.js';

const start2022 = 1_640_995_200;
const pointsOfABlock = 256;
/** VNODE_DURATION of a model database, days: the length of one time bucket. */
export const bucketDays = 1;
const bucketSeconds = bucketDays * 86_400;

export interface Generated {
  readonly points: number;
  /** Bytes of each point, its LF included. */
  readonly bytes: number;
  /** Number of short integer fields that each point has besides its text. */
  readonly fields: number;
  /** Number of fields of which each point has one and nothing else; 0 if all points have all fields. */
  readonly sparse: number;
  /** Bytes after which points fall into the next time bucket; Infinity for never. */
  readonly bucketBytes: number;
}

/** Creates an input of unknown end, such as standard input. */
export function generated(what: Generated): Input {
  const { bucketBytes } = what;
  const size = what.points * what.bytes;
  const open: Input['open'] = async () => {
    let at = 0;
    let [block, bucket] = [blockOf(0, what), 0];
    return {
      compression: 'none',
      get bytesRead() {
        return at;
      },
      close: async () => {},
      read: async (into) => {
        const from = at % block.length;
        const now = Math.floor(at / bucketBytes);
        if (from === 0 && now !== bucket) [block, bucket] = [blockOf(now, what), now];
        const length = Math.min(into.length, block.length - from, size - at);
        into.set(block.subarray(from, from + length));
        at += length;
        return length;
      },
    };
  };
  return { name: 'generated.lp', path: null, size, open };
}

/** Creates the same input as a sparse file with only its last points, so that both ends can be read first. */
export async function asFile(what: Generated, folder: string): Promise<Input> {
  const input = generated(what);
  const path = join(folder, input.name);
  const size = what.points * what.bytes;
  const end = blockOf(Math.floor((size - 1) / what.bucketBytes), what);
  const file = await open(path, 'w');
  await file.write(end, 0, end.length, Math.max(0, size - end.length));
  await file.close();
  const opened: Input['open'] = async (...how) =>
    Object.assign(await input.open(...how), { file: fileBytes(path, size) });
  return { ...input, path, open: opened };
}

function fileBytes(path: string, size: number): FileBytes {
  const bytes = async (from: number, to: number): Promise<Uint8Array> => {
    const file = await open(path);
    try {
      const into = new Uint8Array(to - from);
      const { bytesRead } = await file.read(into, 0, into.length, from);
      return into.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  };
  return { size, bytes };
}

function blockOf(bucket: number, what: Generated): Buffer {
  return Buffer.concat(Array.from({ length: pointsOfABlock }, (_, i) => point(bucket * bucketSeconds + i, what)));
}

function point(second: number, { bytes, fields, sparse }: Generated): Buffer {
  if (sparse > 0) {
    const [head, tail] = ['readings,pad=', ` f${second % sparse}=1i ${start2022 + second}000000000\n`];
    return Buffer.from(head.padEnd(bytes - tail.length, 'x') + tail);
  }
  const narrow = Array.from({ length: fields }, (_, i) => `f${i + 100}=1i,`).join('');
  const head = `readings,name=truck_${second % 16} ${narrow}note="`;
  const tail = `" ${start2022 + second}000000000\n`;
  return Buffer.from(`${head}${'x'.repeat(bytes - head.length - tail.length)}${tail}`);
}
