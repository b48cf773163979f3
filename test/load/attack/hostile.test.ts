// Input that is not line protocol is rejected point by point, within the memory limit, and no good point is lost. The whole
// corpus is one load, so that the state after one case meets the next case.

import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { balances, type Scene, scene } from '../../support/scene.js';

let it: Scene;
beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.end());

/** mulberry32 (public domain, T. Ettinger). */
function randoms(seed: number): (range: number) => number {
  let state = seed;
  return (range) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % range;
  };
}

const MiB = 1024 ** 2;
/** Bytes of one read. */
const chunk = 512 * 1024;
const good = (n: number): Buffer => Buffer.from(`good,t=a n=${n}i 1640995200${String(n).padStart(9, '0')}\n`);

/** Random tokens inside and outside the grammar. */
function fuzzed(random: (range: number) => number): Buffer {
  const tokens = [
    'm',
    ',',
    '=',
    ' ',
    '"',
    '\\',
    '\n',
    '\r',
    '\0',
    't=a',
    'f=1',
    'f=1i',
    'i',
    'u',
    'true',
    '1e999',
    '-',
    '.',
    '#',
    '\t',
  ];
  const more = ['é', '\ufeff', '😀', 'time', '1640995200000000000', '"\\"', '\\,', '/', 'NaN', '9223372036854775808i'];
  const all = [...tokens, ...more].map((text) => Buffer.from(text));
  const broken = [Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0xf0, 0x9f])];
  const choice = [...all, ...broken];
  return Buffer.concat(Array.from({ length: 1 + random(24) }, () => choice[random(choice.length)]!));
}

/** Places `piece` so that its second byte starts a chunk. */
function acrossAnEdge(before: number, piece: Buffer): Buffer[] {
  const gap = (((chunk - 1 - (before % chunk)) % chunk) + chunk) % chunk;
  const filler = gap < 2 ? gap + chunk : gap;
  return [Buffer.concat([Buffer.from('#'), Buffer.alloc(filler - 2, 'c'), Buffer.from('\n')]), piece];
}

function corpus(): { readonly bytes: Buffer; readonly goods: number } {
  const random = randoms(8);
  const parts: Buffer[] = [];
  let length = 0;
  let goods = 0;
  const add = (...pieces: Buffer[]): void => {
    for (const piece of pieces) {
      parts.push(piece);
      length += piece.length;
    }
  };
  // An unclosed string ends at the line end, so the good point after it must be loaded.
  const between = (): void => add(Buffer.from('\n'), good(goods++));
  for (const piece of [
    Buffer.from([0xc3, 0x28]),
    Buffer.from([0xf0, 0x9f, 0x98]),
    Buffer.from('"\n'),
    Buffer.from('\\\n'),
    Buffer.from('é'),
  ])
    for (const head of ['', 'm f="', 'm,t=', 'm f=1 '])
      if (length < 12 * MiB) {
        add(...acrossAnEdge(length + head.length, Buffer.concat([Buffer.from(head), piece])));
        between();
      }
  add(Buffer.alloc(64 * 1024, 0));
  between();
  add(Buffer.from(Uint8Array.from({ length: 256 * 1024 }, () => random(256))));
  between();
  add(Buffer.from('m,'), Buffer.alloc(3 * MiB, 'k'));
  between();
  add(Buffer.from('m f="'), Buffer.alloc(3 * MiB, '\\"'));
  between();
  add(Buffer.from(`m f=1,${'"'.repeat(100_001)}`));
  between();
  for (let i = 0; i < 10_000; i += 1) {
    add(fuzzed(random));
    between();
  }
  return { bytes: Buffer.concat(parts), goods };
}

test('a load of hostile input ends, its totals balance, and every good point between is kept', {
  timeout: 120_000,
}, async () => {
  const { bytes, goods } = corpus();
  const path = await it.file('noise.lp', bytes);
  const { code, summary, stderr } = await it.result(
    it.start(['--memory-limit', '150MiB', '--max-rejected', '100%', path]),
  );
  expect(code, stderr).toBe(8);
  expect(balances(summary!)).toBe(true);
  expect(summary!.memory.peakRssBytes).toBeLessThanOrEqual(150 * MiB);
  expect([...it.cluster.tables()].map(([name]) => name)).toContain('good');
  // A good point after an unclosed string is part of that reject, and stays in the dead letters.
  const letters = await readFile(summary!.rejects.deadLetters![0]!, 'latin1');
  const kept = new Set([...letters.matchAll(/^good,t=a n=(\d+)i \d{19}$/gm)].map(([, n]) => Number(n)));
  const loaded = new Set<number>();
  for (const key of it.cluster.databases.get('db')!.rows.keys()) {
    const nanoseconds = /1640995200(\d{9})/.exec(String(key))?.[1];
    if (nanoseconds !== undefined && String(key).includes('good')) loaded.add(Number(nanoseconds));
  }
  const missing = Array.from({ length: goods }, (_, n) => n).filter((n) => !loaded.has(n) && !kept.has(n));
  expect(missing).toEqual([]);
  expect(loaded.size).toBeGreaterThan(goods * 0.9);
});
