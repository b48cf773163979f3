import { expect, test } from 'vitest';
import type { Batch, PlainBody } from '../../../src/core/types/index.js';
import { bodyEvent } from '../../../src/flow-control/target-memory/body-event.js';

const line = (i: number): string => `m,t=${i % 2} s="abc",f=${i} ${i}\n`;
const lines = Array.from({ length: 4 }, (_, i) => line(i));
const length = lines[0]!.length;
const part = { lastPoint: 0, lastStart: 0, lastBytes: 0 };
const batch = {
  ...{
    ordinal: 1,
    points: 4,
    slots: 8,
    values: 8,
    body: Buffer.from(lines.join('')),
    bodyEnd: (i: number) => (i + 1) * length,
  },
  buckets: [{ bucket: 7, bytes: 4 * length, ...part }],
} as unknown as Batch;

const sampling = { bucketOf: () => 7, isLimited: true };

test('a body adds 144 bytes a point, 16 a slot, and 30 beside the text of a string; the gauge sees 32 a point and no 30', () => {
  const { event, gauged } = bodyEvent(batch, 4 * length, sampling);
  expect(event).toMatchObject({ kind: 'body', bytes: 4 * length, points: 4, slots: 8, part: 1 });
  expect(event.parts).toEqual([{ bucket: 7, bytes: 4 * length }]);
  expect(event.rows).toBeCloseTo(4 * 144 + 8 * 16 + 4 * 30 + 4 * 3, 6);
  // And 106 bytes for the rows of each series.
  expect(gauged).toBeCloseTo(4 * 32 + 8 * 16 + 4 * 3 + 106 * 2, 6);
  expect(new Set(event.sample).size).toBe(2);
});

test('a body with several lines for each point counts them, and retains the bytes that were sent', () => {
  const sent = { linesPerPoint: 2, bytes: Buffer.alloc(5 * length) };
  const { event } = bodyEvent({ ...batch, values: 16 }, 4 * length, sampling, sent as never);
  expect([event.points, event.slots, event.parts[0]!.bytes]).toEqual([8, 16, 5 * length]);
});

test('a body retains a value and a bit for each field that its points leave unset', () => {
  const retained = (values: number, bodyBytes: number, sent?: PlainBody): number =>
    bodyEvent({ ...batch, slots: 200, values }, bodyBytes, sampling, sent).event.parts[0]!.bytes;
  expect(retained(104, 4 * length)).toBe(Math.round(4 * length + 96 * 8.125));
  expect(retained(104, 2 * length)).toBe(Math.round(2 * length + 48 * 8.125));
  expect(retained(201, 4 * length)).toBe(4 * length);
  // Two lines with 60 values leave 40 of their 100 fields unset. One line has a column for each of its values only.
  expect(retained(60, 4 * length, { linesPerPoint: 1 / 2, bytes: Buffer.alloc(60) })).toBe(Math.round(60 + 40 * 8.125));
  expect(retained(40, 4 * length, { linesPerPoint: 1 / 4, bytes: Buffer.alloc(60) })).toBe(60);
});

test('a body has at most as many columns as values', () => {
  const { event } = bodyEvent({ ...batch, slots: 200, values: 4 }, 4 * length, sampling);
  expect(event.parts[0]!.bytes).toBe(Math.round(4 * length + (4 * 4 - 4) * 8.125));
});

test('half of a body adds half of it', () => {
  const { event, gauged } = bodyEvent(batch, 2 * length, sampling);
  const whole = bodyEvent(batch, 4 * length, sampling);
  expect([event.rows * 2, event.part, event.parts[0]!.bytes]).toEqual([whole.event.rows, 0.5, 2 * length]);
  expect(gauged * 2).toBeCloseTo(whole.gauged, 6);
});

test('points of several time buckets are asked for theirs, those of one bucket are not', () => {
  const asked: string[] = [];
  const bucketOf = (point: Uint8Array): number => asked.push(Buffer.from(point).toString());
  bodyEvent(batch, length, { bucketOf, isLimited: true });
  expect(asked).toEqual([]);
  const two = { ...batch, buckets: [...batch.buckets, { bucket: 8, bytes: 1, ...part }] } as Batch;
  expect(new Set(bodyEvent(two, length, { bucketOf, isLimited: true }).event.sample).size).toBe(4);
  expect(asked).toEqual(lines);
});

test('nothing is sampled for a target whose memory is not planned', () => {
  const { event, gauged } = bodyEvent(batch, 4 * length, null);
  expect([event.sample, event.rows]).toEqual([[], 4 * 144 + 8 * 16]);
  expect(gauged).toBeCloseTo(4 * 32 + 8 * 16, 6);
});
