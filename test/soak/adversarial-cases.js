// The cases as data: files in the folder of inputs, behaviour of the server, options of the program, and the expected exit
// code. Inputs are generated in pieces, so that the generator needs little memory.

import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const MiB = 1024 * 1024;
const start = 1_640_995_200n * 1_000_000_000n;
const results = ['--summary', 'summary.json', '--report', 'report.html'];
const rows = ['--measurement', 'm', '--precision', 'ms', '--max-rejected', '100%'];
const patient = ['--wait-for-target', '1s', '--retry-for', '3s', '--request-timeout', '1s'];

/** @param {string} folder @param {string} name @param {() => Iterable<string | Uint8Array>} pieces @param {boolean} zipped */
async function file(folder, name, pieces, zipped = false) {
  const to = createWriteStream(join(folder, name));
  const from = Readable.from(pieces(), { objectMode: true });
  await (zipped ? pipeline(from, createGzip({ level: 1 }), to) : pipeline(from, to));
}

/** Points of one series. @param {number} count */
function* points(count) {
  for (let from = 0; from < count; from += 1000) {
    let text = '';
    for (let i = from; i < Math.min(count, from + 1000); i += 1) text += `m,t=a f=${i} ${start + BigInt(i)}\n`;
    yield text;
  }
}

/** A zstd frame of blocks that repeat one byte, 4 bytes for 128 KiB of it, and a point at the end (RFC 8878, 3.1.1). @param {number} bytes */
function* zstdBomb(bytes) {
  const block = 128 * 1024;
  yield Buffer.from('28b52ffd0058', 'hex');
  const repeat = Buffer.alloc(4);
  repeat.writeUIntLE((block << 3) | 2, 0, 3);
  repeat[3] = 10;
  for (let at = 0; at < bytes; at += block) yield repeat;
  const point = Buffer.from('m f=1 1640995200000000000\n');
  const header = Buffer.alloc(3);
  header.writeUIntLE((point.length << 3) | 1, 0, 3);
  yield Buffer.concat([header, point]);
}

/** @param {number} bytes */
function* gzipBomb(bytes) {
  const blanks = Buffer.alloc(MiB, '\n');
  for (let at = 0; at < bytes; at += MiB) yield blanks;
  yield 'm f=1 1640995200000000000\n';
}

/** @param {number} count */
function* longLines(count) {
  const piece = 'x'.repeat(MiB);
  for (let i = 0; i < count; i += 1) {
    yield `m,t=a f="`;
    for (let at = 0; at < 63; at += 1) yield piece;
    yield `" ${start + BigInt(i)}\n`;
  }
}

/** @param {number} count @param {(i: number) => string} table */
function* wide(count, table) {
  const columns = Array.from({ length: 500 }, (_, column) => `column_${column}=1`).join(',');
  for (let i = 0; i < count; i += 1) yield `${table(i)},t=a ${columns} ${start + BigInt(i)}\n`;
}

/** Which of 14 fields a point has is the number of its shape, in bits. @param {number} count @param {number} shapes */
function* shapes(count, shapes) {
  for (let from = 0; from < count; from += 1000) {
    let text = '';
    for (let i = from; i < Math.min(count, from + 1000); i += 1) {
      const bits = (i % shapes) + 1;
      const fields = Array.from({ length: 14 }, (_, bit) => ((bits >> bit) & 1 ? [`f${bit}=${i}`] : [])).flat();
      text += `m,t=a ${fields.join(',')} ${start + BigInt(i)}\n`;
    }
    yield text;
  }
}

/** Objects of 30 keys that no other object has; a table takes 16,384 of them. @param {number} count */
function* manyKeys(count) {
  for (let from = 0; from < count; from += 30) {
    const keys = Array.from({ length: 30 }, (_, i) => `"key_${from + i}":${i}`).join(',');
    yield `{"time":${1_640_995_200_000 + from},"t":"a",${keys}}\n`;
  }
}

/** @typedef {(folder: string, size: number) => Promise<void>} Make */
/** @type {Make} */
const some = (folder, size) => file(folder, 'some.lp', () => points(Math.ceil(200_000 * size)));

/** @type {readonly { name: string; make: Make; behaviour: import('./unkind-server.js').Behaviour; options: string[]; limitMiB: number; code: number }[]} */
export const cases = [
  {
    name: 'a gzip bomb of 8 GiB',
    make: (folder, size) => file(folder, 'bomb.lp.gz', () => gzipBomb(8192 * MiB * size), true),
    ...{ behaviour: 'takes', options: [], limitMiB: 192, code: 0 },
  },
  {
    name: 'a zstd bomb of 8 GiB',
    make: (folder, size) => file(folder, 'bomb.lp.zst', () => zstdBomb(8192 * MiB * size)),
    ...{ behaviour: 'takes', options: [], limitMiB: 192, code: 0 },
  },
  {
    name: 'lines of 63 MiB',
    make: (folder, size) => file(folder, 'long.lp', () => longLines(Math.ceil(8 * size))),
    ...{ behaviour: 'takes', options: ['--max-point-bytes', '64MiB'], limitMiB: 768, code: 0 },
  },
  {
    name: '200,000 points of 500 columns',
    make: (folder, size) => file(folder, 'wide.lp', () => wide(Math.ceil(200_000 * size), () => 'm')),
    ...{ behaviour: 'takes', options: [], limitMiB: 192, code: 0 },
  },
  {
    name: '200,000 points of 10,000 shapes',
    make: (folder, size) => file(folder, 'shapes.lp', () => shapes(Math.ceil(200_000 * size), 10_000)),
    ...{ behaviour: 'takes', options: [], limitMiB: 192, code: 0 },
  },
  {
    name: '10,000 tables of one column',
    make: (folder, size) =>
      file(folder, 'tables.lp', function* () {
        for (let i = 0; i < 10_000 * size; i += 1) yield `table_${i},t=a f=1 ${start}\n`;
      }),
    ...{ behaviour: 'takes', options: [], limitMiB: 192, code: 0 },
  },
  {
    name: '2,000 tables of 500 columns',
    make: (folder, size) => file(folder, 'shapes.lp', () => wide(Math.ceil(2000 * size), (i) => `table_${i}`)),
    ...{ behaviour: 'takes', options: ['--target-memory', 'off'], limitMiB: 512, code: 0 },
  },
  {
    name: '10,000 tables of 500 columns, more than the limit has room for',
    make: (folder, size) => file(folder, 'shapes.lp', () => wide(Math.ceil(2000 + 8000 * size), (i) => `table_${i}`)),
    ...{ behaviour: 'takes', options: ['--target-memory', 'off'], limitMiB: 256, code: 6 },
  },
  {
    name: '100,000 files of one point',
    make: async (folder, size) => {
      for (let i = 0; i < 100_000 * size; i += 1) {
        await writeFile(join(folder, `${i}.lp`), `m,t=a f=${i} ${start + BigInt(i)}\n`);
      }
    },
    ...{ behaviour: 'takes', options: results, limitMiB: 200, code: 0 },
  },
  {
    name: '100,000 files of one point, more than the limit has room for',
    make: async (folder) => {
      for (let i = 0; i < 100_000; i += 1) await writeFile(join(folder, `${i}.lp`), `m f=${i} ${start}\n`);
    },
    ...{ behaviour: 'takes', options: results, limitMiB: 135, code: 6 },
  },
  {
    name: '1,000,000 rejected points',
    make: (folder, size) =>
      file(folder, 'bad.lp', function* () {
        yield* points(1);
        for (let i = 0; i < 1000 * size; i += 1) yield `m,t=a f=${i}x ${start}\n`.repeat(1000);
      }),
    ...{ behaviour: 'takes', options: ['--max-rejected', '100%', ...results], limitMiB: 115, code: 8 },
  },
  {
    name: 'NDJSON with 300,000 keys',
    make: (folder, size) => file(folder, 'keys.ndjson', () => manyKeys(Math.max(20_000, Math.ceil(300_000 * size)))),
    ...{ behaviour: 'takes', options: [...rows, ...results], limitMiB: 135, code: 8 },
  },
  {
    name: 'a server that never answers',
    ...{ make: some, behaviour: 'silent', options: patient, limitMiB: 192, code: 5 },
  },
  {
    name: 'a server that answers a byte a second',
    ...{ make: some, behaviour: 'dripping', options: patient, limitMiB: 192, code: 5 },
  },
  {
    name: 'a server that accepts and resets',
    ...{ make: some, behaviour: 'resetting', options: patient, limitMiB: 192, code: 5 },
  },
  {
    name: 'a server whose list of columns never ends',
    ...{ make: some, behaviour: 'boundless', options: patient, limitMiB: 128, code: 4 },
  },
  {
    name: 'a server with 35,000 columns',
    ...{ make: some, behaviour: 'wide', options: patient, limitMiB: 160, code: 0 },
  },
];
