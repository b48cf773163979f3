// Files of every format with random damage: each load ends with an outcome for its input, its totals balance, and every
// line that the damage spared is sent or among the dead letters.

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BulkLoadError } from '../../../src/core/errors.js';
import { LoadFailed, type LoadOptions, load } from '../../../src/load/api.js';
import { createCustomTarget } from '../../../src/targets/custom/custom-target.js';
import { type Random, randomFrom } from '../../support/data/mutations.js';
import { attempts, firstSeed, HangWatch } from './support.js';

interface Seed {
  readonly name: string;
  readonly bytes: Buffer;
  /** Lines with a time of their own, by which they are found again. */
  readonly lines: ReadonlySet<string>;
}

const count = attempts(30, 20_000);
const time = /1640995200\d{9}/;
const rows = (make: (time: string, i: number) => string): string[] =>
  Array.from({ length: 120 }, (_, i) => make(`1640995200${String(i * 7919).padStart(9, '0')}`, i));
const textSeed = (name: string, before: string, lines: readonly string[], separator = '\n', after = '\n'): Seed => ({
  ...{ name, bytes: Buffer.from(before + lines.join(separator) + after), lines: new Set(lines) },
});
const csv = rows((t, i) => `${t},h${i % 3},${i}.5`);
const json = rows((t, i) => `{"time":${t},"host":"h${i % 3}","v":${i}.5,"s":"x\\u00e9 \\" y","l":[1,{"a":null}]}`);
const lp = rows((t, i) => `cpu,host=h${i % 3},r=a\\ b v=${i}.5,i=${i}i,u=${i}u,s="a \\"q\\" b",b=t ${t}`);
const header = 'time,host,v\n';
const seeds: Seed[] = [
  textSeed('a.lp', '', lp),
  textSeed('a.csv', header, csv),
  textSeed('quoted.csv', 'time,host,v,s\n', rows((t, i) => `"${t}","h${i % 3}",${i},"a ""q"" \\ b"`)), // biome-ignore format: one row
  textSeed(
    'a.tsv',
    'time\thost\tv\n',
    rows((t, i) => `${t}\th${i % 3}\t${i}`),
  ),
  textSeed('a.ndjson', '', json),
  textSeed('a.json', '[', json, ',\n', ']'),
  { name: 'a.csv.gz', bytes: gzipSync(header + csv.join('\n')), lines: new Set() },
  { name: 'utf-16.csv', bytes: Buffer.from(`\ufeff${header}${csv.join('\n')}`, 'utf16le'), lines: new Set() },
];

const pieces = [
  '"',
  '\n',
  '\\',
  'NaN',
  '1e999',
  '\ufeff',
  '#datatype ',
  '9223372036854775808',
  '\0',
  '{',
  '[',
  ',',
  ' ',
];

function mutate(from: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(from);
  for (let left = 1 + random(6); left > 0 && bytes.length > 0; left -= 1) {
    const at = random(bytes.length);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (random(8)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at]! ^= 1 << random(8);
        break;
      case 2:
        bytes = Buffer.from(before);
        break;
      case 3:
        bytes = Buffer.concat([before, after.subarray(random(40))]);
        break;
      case 4: {
        const copied = random(bytes.length);
        bytes = Buffer.concat([before, bytes.subarray(copied, copied + 1 + random(60)), after]);
        break;
      }
      case 5:
        bytes = Buffer.concat([before, Buffer.from(pieces[random(pieces.length)]!), after]);
        break;
      case 6:
        for (let i = at; i < Math.min(at + 8, bytes.length); i += 1) bytes[i] = random(256);
        break;
      default:
        // The end of a Parquet file describes the rest.
        bytes[Math.max(0, bytes.length - 1 - random(200))] = random(256);
    }
  }
  return bytes;
}

/** Options that change how rows are read; null leaves every row with its time. */
const options: readonly Partial<LoadOptions>[] = [
  ...[{ escape: '\\' }, { escape: '\\', quote: 'none' }, { encoding: 'cp1252' }, { encoding: 'utf-16le' }],
  ...[{ encoding: 'shift_jis' }, { fields: 'v:float' }, { decimal: ',', delimiter: ';' }, { batchPoints: 2 }],
  ...[{ maxPointBytes: '100' }, { missingTimestamp: 'now' }, { null: 'NaN,-' }, { noHeader: true, timeColumn: '1' }],
  ...[{ timeRounding: 'truncate', precision: 'ms' }, { skipLines: 1 }, { format: 'csv' }, { format: 'json' }],
  ...[{ format: 'ndjson' }, { format: 'tsv' }, { format: 'lp' }, { limit: 50 }, { skipPoints: 50 }, { tags: 'host' }],
] as readonly Partial<LoadOptions>[];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-attack-'));
  for (const below of ['cases', 'parquet']) {
    const path = new URL(`../../../fixtures/${below}/`, import.meta.url);
    for (const name of (await readdir(path)).sort()) {
      const file = new URL(name, path);
      const { size } = await stat(file);
      if (size < 60_000 && /\.(lp|txt|csv|tsv|json|ndjson|parquet)$/.test(name))
        seeds.push({ name, bytes: await readFile(file), lines: new Set() });
    }
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** Loads a mutated file. Returns its exit code and what is wrong. */
async function attack(seed: number): Promise<{ code: number | null; spared: number; wrong: string[] }> {
  const random = randomFrom(seed);
  const { name, bytes, lines } = seeds[random(3) > 0 ? random(seeds.length) : random(8)]!;
  const mutated = mutate(bytes, random);
  const isParquet = name.endsWith('.parquet');
  const more = random(3) === 0 ? options[random(options.length)]! : {};
  const chosen = isParquet && more.format !== undefined ? {} : more;
  const [path, stateDir] = [join(folder, `${seed}-${name}`), join(folder, `state-${seed}`)];
  await mkdir(stateDir, { mode: 0o700 });
  await writeFile(path, mutated);
  let [sent, points] = ['', 0];
  const target = createCustomTarget({
    write: async (body, count) => {
      sent += Buffer.from(body.bytes).toString('latin1');
      points += count;
      return { verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes: body.bytes.length };
    },
  });
  const fixed: Partial<LoadOptions> = {
    ...{ db: 'db', stateDir, measurement: 'm', expectTime: 'off', maxRejected: '100%', minPoints: 0 },
    ...{ memoryWatchdog: 'off', memoryLimit: '1GiB', compression: 'none' },
  };
  const ended = await load({ ...fixed, ...chosen, inputs: path }, { target }).then(
    (summary) => summary,
    (error: unknown) => (error instanceof LoadFailed ? error.summary : (error as Error)),
  );
  let spared: string[] = [];
  const wrong: string[] = [];
  const tell = (text: string): void => void wrong.push(`${seed} ${name} ${JSON.stringify(chosen)}: ${text}`);
  if (ended instanceof Error) {
    // Only a usage error has no summary.
    const code = ended instanceof BulkLoadError ? ended.exitCode : null;
    if (code !== 2) tell(String(ended.stack));
    await rm(stateDir, { recursive: true });
    return { code, spared: 0, wrong };
  }
  const { read, loaded, rejected, undelivered } = ended.points;
  if (![0, 2, 7, 8].includes(ended.exitCode)) tell(`exit code ${ended.exitCode}: ${ended.reason}`);
  if (read !== loaded + rejected + undelivered || loaded !== points)
    tell(`${read} read, ${loaded} loaded, ${rejected} rejected, ${undelivered} undelivered, ${points} sent`);
  if ((ended.exitCode === 0 || ended.exitCode === 8) && Object.keys(chosen).length === 0) {
    const letters = await Promise.all(
      (await readdir(stateDir)).map((each) => readFile(join(stateDir, each), 'latin1')),
    );
    const found = sent + letters.join('');
    spared = mutated
      .toString('utf8')
      .split(/,?\n/)
      .filter((line) => lines.has(line));
    const lost = spared.filter((line) => !found.includes(time.exec(line)![0]));
    if (lost.length > 0) tell(`${lost.length} lines are lost, the first of them ${lost[0]}`);
  }
  await rm(stateDir, { recursive: true });
  if (wrong.length === 0) await rm(path);
  return { code: ended.exitCode, spared: spared.length, wrong };
}

test(`${count} mutated files end as inputs, and no line is lost`, { timeout: 60_000 + count * 2000 }, async () => {
  const watch = new HangWatch();
  const seeds = Array.from({ length: count }, (_, i) => firstSeed + i);
  const ends = await pLimit(8).map(seeds, async (seed) => {
    watch.begin(seed);
    return await attack(seed);
  });
  await watch.end();
  expect(ends.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([0, 2, 7, 8]));
  expect(ends.reduce((sum, { spared }) => sum + spared, 0)).toBeGreaterThan(count * 10);
});
