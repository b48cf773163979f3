// The kernel for rows against its oracle: the same points, places, shapes, rejects and runs as the exact way alone.

import { expect, test } from 'vitest';
import { type RowLayout, rowLayout } from '../../../../src/formats/rows/rows-layout.js';
import { casesOf, isSoak } from '../../../support/effort.js';
import { random } from '../../kernel/oracle.js';
import { cases } from '../cases.js';
import { field } from '../options.js';
import { difference, pair } from '../oracle.js';

const ROWS = casesOf(12_000, 6000);
const seed = Number(process.env.ORACLE_SEED ?? 20_261_126);

test(`the kernel and the encoder agree on ${ROWS} rows, one in six mutated, in random chunks`, {
  timeout: 120_000,
}, async () => {
  const next = random(seed);
  const all = cases.flatMap(({ name, options, rows }) =>
    rows === null ? [] : [{ formats: pair(name, options), rows }],
  );
  for (let rows = 0; rows < ROWS; rows += 30) {
    const { formats, rows: input } = all[next(all.length)]!;
    const chunks = next(2) === 0 ? [] : Array.from({ length: next(20) }, () => 1 + next(300));
    expect(await difference(formats, input(next), chunks)).toBe(null);
  }
  const taken = all.map(({ formats }) => formats.taken());
  expect(Math.min(...taken)).toBeGreaterThan(0);
  expect(taken.reduce((sum, each) => sum + each)).toBeGreaterThan(ROWS / 10);
});

test('a key longer than the rest of the memory is compared only within the window', async () => {
  const maxPointBytes = 8192;
  const left = ({ bytes, windows, chunkBytes }: RowLayout): number => bytes - windows[1] - chunkBytes;
  const chunks = Array.from({ length: 1024 }, (_, i) => 8192 + 64 * i);
  const chunkBytes = chunks.find((each) => left(rowLayout({ maxPointBytes, chunkBytes: each })) < 200)!;
  const formats = pair('ndjson', { maxPointBytes, chunkBytes });
  const input = Buffer.from(`{"time":1,"${'k'.repeat(3000)}":1}\n`.repeat(100));
  expect(await difference(formats, input, [])).toBe(null);
  expect(formats.taken()).toBeGreaterThan(50);
});

test('the kernel takes rows of many combinations of columns in turns', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const formats = pair('csv', { fields: names.map((name) => field(name, 'float')) });
  const row = (mask: number): string => `${names.map((_, i) => ((mask >> i) & 1 ? i : '')).join()},1`;
  const combinations = Array.from({ length: 63 }, (_, i) => row(i + 1));
  const rows = Array.from({ length: 20 }, () => combinations).flat();
  const input = Buffer.from([`${names.join()},time`, ...rows, ''].join('\n'));
  expect(await difference(formats, input, [])).toBe(null);
  expect(formats.taken()).toBeGreaterThan(rows.length * 0.9);
});

test('a date and a time of day in two columns are joined as by the encoder', async () => {
  const formats = pair('csv', { timeColumn: 'd,c', delimiter: ';', decimal: ',', fields: [field('v', 'float')] });
  const cells = [
    '2024-02-29',
    '"2024-02-29"',
    '"2024""02-29"',
    '',
    '2023-02-29',
    '12:34:56',
    '12:34:56,5Z',
    '1'.repeat(60),
  ];
  const rows = cells.flatMap((date) => cells.map((clock) => `${date};1,5;${clock}`));
  const usual = '2024-02-29;-2,5;12:34:56.789';
  const input = Buffer.from(['d;v;c', usual, ...rows.flatMap((row) => [row, usual, usual]), ''].join('\n'));
  expect(await difference(formats, input, [])).toBe(null);
  expect(formats.taken()).toBeGreaterThan(rows.length);
});

/** CI and the soak take everything. Other test runs take half of the settings, and a third of the CSV inputs. */
const every = (name: string): number => (isSoak || !/^[ct]sv$/.test(name) ? 1 : 3);

const settings = cases.map((each, i) => ({ ...each, i, title: `${each.name}, settings ${i}` }));

test.each(settings.filter(({ i }) => isSoak || i % 2 === 0))(
  'Each value at each place makes the same of the kernel and the exact way: $title',
  async ({ name, options, edges, i }) => {
    const formats = pair(name, options);
    const inputs = edges().filter((_, at) => at % every(name) === i % every(name));
    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) expect(await difference(formats, input, [])).toBe(null);
    expect(formats.taken()).toBeGreaterThan(0);
  },
);
