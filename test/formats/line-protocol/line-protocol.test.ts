// The contract of Points: what is read, where it was, and that neither depends on how the input was cut into chunks.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineProtocol, reasonNames } from '../../../src/formats/line-protocol/line-format.js';
import { formatBytes } from '../../../src/formats/line-protocol/lines-layout.js';
import { casesOf } from '../../support/effort.js';
import { type Options, read, readAll } from '../support.js';

const ns: Options = { maxPointBytes: 1024, precision: 'ns', missingTimestamp: 'reject' };

test('a point is read with its position, shape and time', async () => {
  const { points, rejects } = await read('# c\n\nm,t=a f=1i,g="x\ny" 1600000000000000000\r\n m f=1 -5 \n', ns);
  expect(rejects).toEqual([]);
  expect(points).toEqual([
    {
      text: 'm,t=a f=1i,g="x\ny" 1600000000000000000',
      source: 'm,t=a f=1i,g="x\ny" 1600000000000000000',
      line: 3,
      offset: 5,
      time: 1600000000000000000n,
      shape: {
        table: 'm',
        columns: [
          { name: 't', type: 'tag' },
          { name: 'f', type: 'integer' },
          { name: 'g', type: 'string' },
        ],
      },
    },
    {
      text: 'm f=1 -5',
      source: 'm f=1 -5 ',
      line: 5,
      offset: 46,
      time: -5n,
      shape: { table: 'm', columns: [{ name: 'f', type: 'float' }] },
    },
  ]);
});

test.each([
  [',t=a f=1 1', 'no-measurement'],
  ['m 1', 'no-fields'],
  ['m,t=a,u=b 1640995200000000000', 'no-fields'],
  ['m f', 'newline-in-name'],
  ['m,t=C:\\,u=a f=1 1', 'bad-escape'],
  ['m', 'no-fields'],
  ['m,t=a', 'no-fields'],
  ['m,t=a ', 'no-fields'],
  ['m,=a f=1 1', 'empty-tag-key'],
  ['m,t= f=1 1', 'empty-tag-value'],
  ['m,t f=1 1', 'no-tag-value'],
  ['m =1 1', 'empty-field-key'],
  ['m f a=1 1', 'no-field-value'],
  ['m f= 1', 'empty-field-value'],
  ['m f=,g=1 1', 'empty-field-value'],
  ['m f=', 'empty-field-value'],
  ['m,t', 'newline-in-name'],
  ['m,t=C:\\dir f=1 1', 'bad-escape'],
  ['m,t=a\\\\ f=1 1', 'bad-escape'],
  ['\\ m f=1 1', 'bad-escape'],
  ['m \\ k=1 1', 'bad-escape'],
  ['a=b\\ c f=1 1', 'bad-escape'],
  ['m f="\\\\\\"" 1', 'bad-string-escape'],
  ['a/b f=1 1', 'slash-in-measurement'],
  ['m,time=a f=1 1', 'column-named-time'],
  ['m time=1i 1', 'column-named-time'],
  ['m,a=1 a=1 1', 'tag-and-field-same-name'],
  ['m,a=1,a=2 f=1 1', 'duplicate-tag'],
  ['m f=1,f=2 1', 'duplicate-field'],
  ['m f=-inf 1', 'non-finite'],
  ['m f=1e400 1', 'non-finite'],
  ['m f=.5 1', 'bad-number'],
  ['m f=1e+ 1', 'bad-number'],
  ['m f=+1i 1', 'bad-number'],
  ['m f=-1u 1', 'bad-number'],
  ['m f=9223372036854775808i 1', 'integer-range'],
  ['m f=-9223372036854775809i 1', 'integer-range'],
  ['m f=18446744073709551616u 1', 'integer-range'],
  ['m f=tRUE 1', 'bad-value'],
  ['m f="a"b 1', 'bad-value'],
  ['m f="a 1', 'unterminated-string'],
  ['m f=1', 'no-timestamp'],
  ['m f=1 1e9', 'bad-timestamp'],
  ['m f=1 +1', 'bad-timestamp'],
  ['m f=1 9160127236854775809', 'timestamp-range'],
  ['m f=1 -9160127236854775809', 'timestamp-range'],
  ['m f=1 1 # c', 'trailing-data'],
  ['m f=1 1\tm f=1 1', 'trailing-data'],
  ['m f=1\r 1', 'carriage-return'],
  [`m,t=${'a'.repeat(495)} f=1 1`, 'series-key-too-long'],
  ['m,t=\u0001 f=1 1', 'control-character'],
  ['m f="\u0000" 1', 'control-character'],
  [`m f="${'a'.repeat(1024)}" 1`, 'too-long'],
  [`m ${Array.from({ length: 16_385 }, (_, i) => `f${i}=1`).join()} 1`, 'too-many-columns', 1 << 20],
])('the line %j is rejected as %s', async (line, reason, maxPointBytes = 1024) => {
  const { points, rejects } = await read(`${line}\nm f=1 1\n`, { ...ns, maxPointBytes });
  expect(points.map(({ text }) => text)).toEqual(['m f=1 1']);
  expect(rejects.map((reject) => [reject.reason, reject.source, reject.line])).toEqual([[reason, line, 1]]);
});

test('a line with bytes that are not UTF-8 is rejected', async () => {
  for (const bad of [[0x80], [0xc1, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3]]) {
    const input = Buffer.concat([Buffer.from('m f="'), Buffer.from(bad), Buffer.from('" 1\nm f=1 1\n')]);
    const { points, rejects } = await read(input, ns);
    expect(rejects.map(({ reason }) => reason)).toEqual(['invalid-utf8']);
    expect(points).toHaveLength(1);
  }
});

test.each([
  ['m f="C:\\dir" 1', 'm f="C:\\\\dir" 1'],
  ['m f="a\\nb\\\\\\n\\"",g="\\\'" 1', 'm f="a\\\\nb\\\\\\\\n\\"",g="\\\'" 1'],
  ['m,t=a=b f=1 1', 'm,t=a\\=b f=1 1'],
  ['m,t=a=b,u=d  f="=" 1', 'm,t=a\\=b,u=d  f="=" 1'],
])('the point %j is sent as %j', async (line, sent) => {
  const { points } = await read(`${line}\n`, ns);
  expect(points.map(({ text, source }) => [text, source])).toEqual([[sent, line]]);
});

test.each([
  ['m f=1 100\nm f=1 10', ['m f=1 100'], ['cut-short']],
  ['m f=1 100\nm f=1 101', ['m f=1 100', 'm f=1 101'], []],
  ['m f=1 100\nm f=1', ['m f=1 100'], ['cut-short']],
  ['m f=1 1', ['m f=1 1'], []],
  ['', [], []],
  ['# only', [], []],
])('the input %j without a final LF gives %j and rejects %j', async (input, sent, reasons) => {
  const { points, rejects } = await read(input, ns);
  expect(points.map(({ text }) => text)).toEqual(sent);
  expect(rejects.map(({ reason }) => reason)).toEqual(reasons);
});

test('a byte order mark is skipped only at the start', async () => {
  const { points } = await read('\ufeffm f=1 1\n\ufeffm f=1 1\n', ns, [1, 1, 1, 1]);
  expect(points.map(({ text, offset }) => [text, offset])).toEqual([
    ['m f=1 1', 3],
    ['\ufeffm f=1 1', 11],
  ]);
});

test('points without a timestamp are accepted with --missing-timestamp now', async () => {
  const { points } = await read('m f=1\nm f=1 2\nm f=1 \r\n', { ...ns, missingTimestamp: 'now' });
  expect(points.map(({ text, time }) => [text, time])).toEqual([
    ['m f=1', null],
    ['m f=1 2', 2n],
    ['m f=1', null],
  ]);
});

test('points beyond the maximum of shapes are still read', async () => {
  const { points } = await read('a f=1 1\nb f=1 1\nc f=1 1\n', { ...ns, maxShapes: 2 });
  expect(points.map(({ shape }) => shape.table)).toEqual(['a', 'b', 'c']);
});

test('an over-long line arrives in parts, and reading resumes after it', async () => {
  const long = `m f="${'a\\'.repeat(3000)}`;
  const { points, rejects } = await read(`m f=1 1\n${long}\nm f=2 2\n`, ns, [700, 900, 100]);
  expect(points.map(({ text, line }) => [text, line])).toEqual([
    ['m f=1 1', 1],
    ['m f=2 2', 3],
  ]);
  expect(rejects).toMatchObject([{ reason: 'too-long', source: long, line: 2, offset: 8 }]);
});

test('one format reads several inputs in the memory of its construction', async () => {
  const format = new LineProtocol(ns);
  expect(format.memoryBytes).toBe(formatBytes(ns));
  const first = await readAll(format, Buffer.from('m f=1 100\nm f="'), []);
  const second = await readAll(format, Buffer.from('m f=2 2'), []);
  expect(first.rejects.map(({ reason }) => reason)).toEqual(['unterminated-string']);
  expect(second.points.map(({ text, line, offset }) => [text, line, offset])).toEqual([['m f=2 2', 1, 0]]);
});

/** Bytes that look like line protocol gone wrong. */
const pieces = fc.constantFrom(
  ...['m', ',', 't=a', ' ', 'f=1', 'f="', '"', '\n', '\r\n', '\r', '\\', '#', '=', '1', '-5i', 'é', '\u0000', '\ufeff'],
  ...['m,t=a f=1 1\n', 'm f="x\ny",g=2i 1600000000000000000\n', 'b,t=a\\ b f="\\n" 12\n', 'x'.repeat(40)],
);
const inputs = fc.array(pieces, { maxLength: 60 }).map((parts) => Buffer.from(parts.join('')));

test('random inputs give the same points, rejects, lines and offsets in every chunking', async () => {
  const whole = new LineProtocol({ ...ns, maxPointBytes: 64 });
  const cut = new LineProtocol({ ...ns, maxPointBytes: 64, chunkBytes: 97, indexPoints: 3 });
  await fc.assert(
    fc.asyncProperty(inputs, fc.array(fc.integer({ min: 1, max: 20 })), async (input, chunks) => {
      expect(await readAll(cut, input, chunks)).toEqual(await readAll(whole, input, []));
    }),
    { numRuns: casesOf(2000) },
  );
});

test('every byte of an input belongs to a point, a reject, a comment or a blank', async () => {
  const format = new LineProtocol({ ...ns, maxPointBytes: 64, chunkBytes: 50 });
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      const { points, rejects, end } = await readAll(format, input, []);
      expect(end).toBe(input.length);
      const left = Buffer.from(input);
      for (const { offset, source } of [...points, ...rejects]) {
        const bytes = Buffer.from(source, 'latin1');
        expect(input.subarray(offset, offset + bytes.length)).toEqual(bytes);
        expect(left.indexOf(0xff, offset)).not.toBe(offset);
        left.fill(0xff, offset, offset + bytes.length);
      }
      const rest = left.toString('latin1').replace(/^\xef\xbb\xbf/, '');
      expect(rest).toMatch(/^(\xff+|[ \r]*(#[^\n]*)?(\n|$)|[ \r]+)*$/);
      for (const { reason } of rejects) expect(reasonNames).toContain(reason);
    }),
    { numRuns: casesOf(1000) },
  );
});
