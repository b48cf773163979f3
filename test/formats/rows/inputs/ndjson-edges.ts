// Edge cases of NDJSON: each value at its key, and what may go wrong around it, between usual objects.

import { longKey } from './ndjson.js';
import { affixed, grown } from './rows.js';
import { booleans, escapes, floats, others, times, wholes, words } from './values.js';

type Members = Readonly<Record<string, string>>;

/** Keys are compared 16 bytes at a time. */
const alike = ['k_of_15_bytes_a', 'k_of_16_bytes_ab', 'k_of_17_bytes_abc', `${'k'.repeat(31)}a`, `${'k'.repeat(31)}b`];
const texts = [...words.map((word) => JSON.stringify(word)), ...escapes];

function timeOf(usual: readonly string[]): string {
  return usual[0]!.replace(/.*\D.*/, '"$&"');
}

function usualMembers(usual: readonly string[], maxPointBytes: number): Members {
  return {
    s: '"South"',
    time: timeOf(usual),
    host: '"truck_1"',
    kind: '"South"',
    f: '1',
    i: '0',
    gps: '{"lat":1.5,"ok":true}',
    b: 'true',
    u: '42',
    [longKey]: '-2.5',
    ...(maxPointBytes > 300 ? Object.fromEntries(alike.map((key, i) => [key, String(i)])) : {}),
    none: 'null',
  };
}

function objectOf(members: Members): string {
  const all = Object.entries(members).map(([key, value]) => `"${key}":${value}`);
  return `{${all.join(',')}}`;
}

function valuesAt(key: string, usual: readonly string[]): readonly string[] {
  const own: Readonly<Record<string, readonly string[]>> = {
    time: [...usual, ...times].flatMap((each) => [JSON.stringify(each), each]),
    host: texts,
    kind: [...texts, '"5"', '"true"', '"NULL"', '5', 'true', '"5"', 'null', '""'],
    s: texts,
    f: floats,
    i: wholes,
    u: wholes,
    b: booleans,
    gps: [
      '{"lat":2}',
      '{"ok":false}',
      '{ "lat" : 2 , "ok" : true }',
      '{"lat":2,"lat":3}',
      '{"x":{"y":1}}',
      '{"host":1}',
    ],
  };
  return [...(own[key] ?? []), ...(alike.includes(key) ? [] : others), '"a"', '"\\n"', '"\\x"'];
}

/** Objects with other texts in place of a key and around it. */
function aroundKey(members: Members, key: string): string[] {
  const base = objectOf(members);
  const { [key]: value, ...rest } = members;
  const escaped = `\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}`;
  const keys = [key.slice(0, -1), key.slice(1), `~${key.slice(1)}`, `${key.slice(0, -1)}~`, `${key}x`, escaped];
  const colons = ['', ' :', '::', ';', '\t:\r ', ': '];
  const odd = ['\u0000', '\u0008', '\u000b', '\u000c', '\u000e', '!', '+', '-', ';', '|', '~'];
  return [
    objectOf(rest),
    objectOf({ ...rest, [key]: value! }),
    objectOf({ ...members, [`${key}x`]: '1' }),
    base.replace(/}$/, `,"${key}":${value}}`),
    base.replace(/}$/, `,"${key}":null}`),
    base.replace(`,"${key}"`, `;"${key}"`),
    base.replace(`"${key}"`, `${key}"`),
    base.replace(`"${key}"`, ` "${key}"`),
    ...keys.map((each) => base.replace(`"${key}":`, `"${each}":`)),
    ...colons.map((each) => base.replace(`"${key}":`, `"${key}"${each}`)),
    ...odd.flatMap((byte) => [
      base.replace(`"${key}":`, `${byte}"${key}":`),
      base.replace(`"${key}":`, `"${key}":${byte}`),
      base.replace(`"${key}":`, `"${key}"${byte}:`),
    ]),
  ];
}

function aroundObject(members: Members): string[] {
  const base = objectOf(members);
  const ends = [' ', '\t', '\r', ' \r', '}', ',', '1', '\u0000', '\u000b', ' {}', ']'];
  const last = [' }', ']', '|', ',}', ''];
  return [
    ...ends.flatMap((end) => [base + end, end + base]),
    ...last.map((end) => base.replace(/}$/, end)),
    ...[`[${base}]`, '', '\r', '{}', '{ }', '{,}', `{,${base.slice(1)}`, `{ ${base.slice(1)}`],
    `${base.slice(0, 20)}\n${base.slice(20)}`,
    objectOf(Object.fromEntries(Object.entries(members).reverse())),
    objectOf(Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)))),
  ];
}

function everySequence(members: Members): Buffer[] {
  return ['host', 's'].flatMap((key) => {
    const [head, tail] = objectOf({ ...members, [key]: '"@"' }).split('@') as [string, string];
    return affixed(['', 'sixteen bytes are', 'thirteen byte', '\\n']).map((text) =>
      Buffer.concat([Buffer.from(head), text, Buffer.from(tail)]),
    );
  });
}

/** Missing members in all combinations. */
function lacking(members: Members): string[] {
  const keys = Object.keys(members)
    .filter((key) => key !== 'time')
    .slice(0, 8);
  return Array.from({ length: 256 }, (_, mask) => {
    const rest = Object.entries(members).filter(
      ([key]) => ((mask >> keys.indexOf(key)) & 1) === 0 || !keys.includes(key),
    );
    return objectOf(Object.fromEntries(rest));
  });
}

/** Up to the longest row, point and series key, and beyond. */
function long(members: Members, maxPointBytes: number): string[] {
  return grown(maxPointBytes).flatMap((length) => [
    objectOf({ ...members, s: `"${'x'.repeat(length)}"` }),
    objectOf({ ...members, s: `"${'\\\\'.repeat(length)}"` }),
    objectOf({ ...members, none: `"${'x'.repeat(length)}"` }),
    objectOf({ ...members, host: `"${'k'.repeat(length)}"`, kind: 'null' }),
    objectOf(members) + ' '.repeat(length),
  ]);
}

/** Members that appear late or in other objects, and many tables. */
function more(members: Members): string[] {
  const late = ['1640995200000000000', '1640995200', '1640995201', '"2024-02-29T12:34:56Z"', 'null', '"x"'];
  return [
    objectOf({ ...members, lat: '7' }),
    objectOf({ ...members, ok: 'false' }),
    ...late.flatMap((value) => Array.from({ length: 2 }, () => objectOf({ ...members, late_1: value }))),
    ...Array.from({ length: 300 }, (_, i) => objectOf({ ...members, kind: `"table_${(i * 7) % 40}"` })),
  ];
}

/** Objects with more keys than a search covers. */
function manyKeys(usual: readonly string[]): Buffer {
  const keys = Array.from({ length: 80 }, (_, i) => `k${i}`);
  const orders = keys.flatMap((key, i) => {
    const rest = keys.toSpliced(i, 1);
    return [keys, [key, ...rest], [...rest, key], keys.slice(0, i + 1)];
  });
  const objects = orders.map((order) =>
    objectOf({ time: timeOf(usual), ...Object.fromEntries(order.map((key) => [key, '1'])) }),
  );
  return Buffer.from(objects.map((object) => `${object}\n`).join(''));
}

/** Inputs: one with all those objects, and one with many keys. */
export function ndjsonEdges(usual: readonly string[], maxPointBytes: number): Buffer[] {
  const members = usualMembers(usual, maxPointBytes);
  const odd = [
    ...Object.keys(members).flatMap((key) => [
      ...valuesAt(key, usual).map((value) => objectOf({ ...members, [key]: value })),
      ...aroundKey(members, key),
    ]),
    ...aroundObject(members),
    ...everySequence(members),
    ...lacking(members),
    ...long(members, maxPointBytes),
    ...more(members),
  ];
  const [base, other] = [objectOf(members), objectOf({ ...members, host: '"South"' })];
  const rows = odd.flatMap((object) => [base, object, other]);
  return [Buffer.concat(rows.flatMap((row) => [Buffer.from(row), Buffer.from('\n')])), manyKeys(usual)];
}
