// Real line protocol out of nothing: one block of points, over and over. Points are larger than a sensor's, so that as
// many bytes cost the test a quarter of the parsing; the model cluster knows only bytes.

import type { Input } from '../../../src/model.js';

const start2022 = 1_640_995_200n;
const pointsOfABlock = 256;

/** `bytes` of them is what every point has, its LF included. */
export function generated(points: number, bytes: number): Input {
  const block = Buffer.concat(Array.from({ length: pointsOfABlock }, (_, i) => point(i, bytes)));
  const size = points * bytes;
  const open: Input['open'] = async () => {
    let at = 0;
    return {
      compression: 'none',
      get bytesRead() {
        return at;
      },
      close: async () => {},
      read: async (into) => {
        const from = at % block.length;
        const length = Math.min(into.length, block.length - from, size - at);
        into.set(block.subarray(from, from + length));
        at += length;
        return length;
      },
    };
  };
  return { name: 'generated.lp', path: null, size, open };
}

function point(i: number, bytes: number): Buffer {
  const tail = ` ${start2022 + BigInt(i)}000000000\n`;
  const head = `readings,name=truck_${i % 16} latitude=52.31854,note="`;
  return Buffer.from(`${head}${'x'.repeat(bytes - head.length - 1 - tail.length)}"${tail}`);
}
