// Helpers for the generators of rows.

import type { Random } from '../oracle.js';
import { sequences } from './values.js';

/** Bytes that mutations insert. */
export const bytes = Buffer.from(',;= "\\\n\r\t#/-+.:0123456789eEiutTfFaZz\0\u007f\u0080é!{}[]null', 'latin1');

/** Picks mostly one of the first three. */
export function one(of: readonly string[], next: Random): string {
  return of[next(10) === 0 ? next(of.length) : next(Math.min(3, of.length))]!;
}

/** Encodes the row; now and then a word contains bytes that may be invalid UTF-8. */
export function encoded(row: string, next: Random): Buffer {
  const plainly = Buffer.from(row);
  const at = plainly.indexOf('outh');
  if (at < 0 || next(5) > 0) return plainly;
  const put = sequences[next(sequences.length)]!;
  return Buffer.concat([plainly.subarray(0, at), put, plainly.subarray(at + next(5))]);
}

/** Lengths of a text at which rows, points and series keys reach their maximum, and beyond. */
export function grown(maxPointBytes: number): number[] {
  const longestKey = 511;
  const lengths = Array.from({ length: 40 }, (_, i) => longestKey - 39 + i);
  if (maxPointBytes > 1000) return lengths;
  if (maxPointBytes <= 200) return Array.from({ length: maxPointBytes + 8 }, (_, i) => i);
  return [
    14,
    15,
    16,
    17,
    18,
    30,
    31,
    32,
    33,
    ...lengths,
    ...Array.from({ length: 90 }, (_, i) => maxPointBytes - 85 + i),
  ];
}

/** Combines each byte sequence with each text: alone, after it, and in the middle. */
export function affixed(before: readonly string[]): Buffer[] {
  return sequences.flatMap((put) =>
    before.flatMap((text) => ['', 'x'].map((after) => Buffer.concat([Buffer.from(text), put, Buffer.from(after)]))),
  );
}
