// From a point as it was sent to its values, names and strings unescaped: what a reading back is compared with.

import type { FieldValue, InputPrecision, PointValues } from '../../core/types/index.js';

const nanoseconds: Record<InputPrecision, bigint> = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n };

function end(text: string, from: number, stops: string): number {
  let p = from;
  while (p < text.length && !stops.includes(text[p]!)) p += text[p] === '\\' ? 2 : 1;
  return p;
}

function stringEnd(text: string, from: number): number {
  let p = from + 1;
  while (text[p] !== '"') p += text[p] === '\\' ? 2 : 1;
  return p + 1;
}

function name(text: string): string {
  return text.replace(/\\([,= ])/g, '$1');
}

function fieldValue(text: string): FieldValue {
  if (text.startsWith('"')) return text.slice(1, -1).replace(/\\(["\\])/g, '$1');
  if (/[iu]$/.test(text)) return BigInt(text.slice(0, -1));
  return /^[tTfF]/.test(text) ? /^[tT]/.test(text) : Number(text);
}

/** Values of a good point that has a timestamp, in the unit of the request it was sent with. Its LF may be left on. */
export function pointValues(point: Uint8Array, precision: InputPrecision): PointValues {
  const text = Buffer.from(point.buffer, point.byteOffset, point.length).toString().trimEnd();
  const tags = new Map<string, string>();
  const fields = new Map<string, FieldValue>();
  let p = end(text, 0, ', ');
  const table = text.slice(0, p).replace(/\\([, ])/g, '$1');
  while (text[p] === ',') {
    const equals = end(text, p + 1, '=');
    const key = name(text.slice(p + 1, equals));
    p = end(text, equals + 1, ', ');
    tags.set(key, name(text.slice(equals + 1, p)));
  }
  do {
    p += 1;
    const equals = end(text, p, '=');
    const key = name(text.slice(p, equals));
    p = text[equals + 1] === '"' ? stringEnd(text, equals + 1) : end(text, equals + 1, ', ');
    fields.set(key, fieldValue(text.slice(equals + 1, p)));
  } while (text[p] === ',');
  return { table, tags, fields, time: BigInt(text.slice(p).trim()) * nanoseconds[precision] };
}
