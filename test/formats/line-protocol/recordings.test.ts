// Compares what a real server answered and stored for each recorded body with what we accept and reject.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Shape } from '../../../src/core/types/index.js';
import { LineProtocol, reasonNames } from '../../../src/formats/line-protocol/line-format.js';
import { readAll } from '../support.js';
import { decode, storedRows, wanted } from './recordings.js';

const format = new LineProtocol({ maxPointBytes: 65_536, precision: 'ns', missingTimestamp: 'now' });
interface Recording {
  readonly name: string;
  readonly body: string;
  readonly status?: number;
  readonly tables: Record<string, string>;
}

/** True when a point is sent in another form: with portable escapes, or without the blank before a generated timestamp. */
function rewritten({ text, source, time }: { text: string; source: string; time: bigint | null }): boolean {
  const original = Buffer.from(source, 'latin1').toString();
  return text !== (time === null ? original : original.replace(/[ \r]+$/, ''));
}

const folder = new URL('../../../fixtures/wire/', import.meta.url);
const load = (name: string): Recording[] =>
  readFileSync(new URL(`${name}.ndjson`, folder), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line, i) => ({ ...(JSON.parse(line) as Recording), name: `${name}:${i + 1}` }));
const recordings = [...load('lines-hand'), ...load('lines-fuzz')];

/** Counts reasons by whether the server stored the intended point, and lists each rejected body with its first reason. */
interface Refused {
  readonly misread: Record<string, string>;
  readonly harmful: Record<string, string>;
  readonly strict: Record<string, string>;
  readonly bodies: Record<string, string>;
}

const refused = JSON.parse(readFileSync(new URL('refused.json', folder), 'utf8')) as Refused;

/** True when a column of one table has two types. Each point is valid; the schema keeps them apart. */
function contradictory(points: readonly { shape: Shape }[]): boolean {
  const types = new Map<string, string>();
  return points.some(({ shape: { table, columns } }) =>
    columns.some(({ name, type }) => {
      const key = JSON.stringify([table, name]);
      const before = types.get(key) ?? type;
      types.set(key, type);
      return before !== type;
    }),
  );
}

test.each(['', '\n'])('each recorded body that ends with %j was stored as exactly the points we read', async (end) => {
  let passed = 0;
  for (const { body, status, tables } of recordings) {
    // The server generates missing timestamps itself. A body that ends in a blank line is one more variant.
    const { points, rejects } = await readAll(format, Buffer.from(body + end), []);
    if (rejects.length > 0 || points.some(rewritten) || contradictory(points)) continue;
    if (body.startsWith('\ufeff')) continue; // we skip it, the server makes it part of the name
    passed++;
    expect([body, status]).toEqual([body, 200]);
    expect([body, storedRows(tables)]).toEqual([body, wanted(points.map(({ text }) => decode(text)))]);
  }
  expect(passed).toBeGreaterThan(300);
});

test('each recorded body that we reject is listed with its reason, and few of them were harmless', async () => {
  const bodies: Record<string, string> = {};
  let stored = 0;
  for (const { name, body, status, tables } of recordings) {
    if (status !== 200 || Object.keys(tables).length === 0) continue;
    stored++;
    const { rejects } = await readAll(format, Buffer.from(`${body}\n`), []);
    if (rejects[0] !== undefined) bodies[name] = rejects[0].reason;
  }
  expect(bodies).toEqual(refused.bodies);
  const listed = [...Object.keys(refused.misread), ...Object.keys(refused.harmful), ...Object.keys(refused.strict)];
  for (const reason of listed) expect(reasonNames).toContain(reason);
  for (const reason of Object.values(bodies)) expect(listed).toContain(reason);
  const misread = Object.values(bodies).filter((reason) => reason in refused.misread).length;
  const strict = Object.values(bodies).filter((reason) => reason in refused.strict).length;
  expect(strict / (stored - misread)).toBeLessThanOrEqual(0.1);
});
