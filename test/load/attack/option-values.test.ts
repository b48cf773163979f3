// Commands with options that nobody means: each ends with an outcome, and none with a defect.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { flagName } from '../../../src/config/options.js';
import { options } from '../../../src/load/option-table.js';
import { type Random, randomFrom } from '../../support/data/mutations.js';
import { oddTexts } from '../../support/data/odd-texts.js';
import { begin } from '../../support/programs/here.js';
import { attempts, firstSeed, HangWatch } from './support.js';

const count = attempts(30, 5000);
const codes = [0, 2, 3, 4, 5, 6, 7, 8, 9, 73, 75, 143];
/** Options that would start a server, or print the page of a command instead of running it. */
const left = ['help', 'version', 'metricsListen'];
const rows = options.rows.filter(({ key }) => !left.includes(key));
const points = 'm,t=a f=1 1640995200000000000\nm,t=b f=2 1640995200000000001\n';
const inputs = {
  'a.lp': points,
  'a.csv': 'time,host,v\n1640995200000000000,a,1\n1640995200000000001,b,2\n',
  'a.ndjson': '{"time":1640995200000000000,"host":"a","v":1}\n',
};

let folder: string;
const home = process.cwd();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-attack-'));
  // Files that an option names by chance are below it.
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true });
});

/** Returns a text that names no file outside the folder as a path. */
function harmless(text: string): string {
  return text === '/dev/null' ? text : text.replace(/^\/+/, '').replaceAll('../..', '..').replaceAll('\0', '0');
}

/** Values that options of a kind take. */
const usual: Readonly<Record<string, readonly string[]>> = {
  ...{ count: ['1', '2', '7'], size: ['64KiB', '300MiB', '1GiB'], duration: ['1ms', '2s'], switch: ['true', 'false'] },
  ...{
    countOrPercent: ['0', '50%'],
    sizeOrPercent: ['300MiB', '50%'],
    character: [';', ','],
    path: ['x', '/dev/null'],
  },
  ...{ text: ['m', '{host}', 'v'], words: ['host', 'v,host'], fields: ['v:float', 'host:string'] },
};

function odd(random: Random): string {
  const one = (): string => oddTexts[random(oddTexts.length)]!;
  return harmless(random(2) === 0 ? one() : `${one()}${one()}`).slice(0, 4000);
}

/** Returns a value that the option takes, or an odd one. */
function value({ is }: (typeof rows)[number], random: Random): string {
  const texts: readonly string[] = 'values' in is ? is.values.map(String) : (usual[is.kind] ?? []);
  return texts.length > 0 && random(4) > 0 ? texts[random(texts.length)]! : odd(random);
}

/** Returns the exit code of a command, and what it printed if that is no outcome. */
async function attack(seed: number): Promise<{ code: number | null; wrong: string[] }> {
  const random = randomFrom(seed);
  const cwd = join(folder, String(seed));
  await mkdir(cwd, { recursive: true });
  for (const [name, content] of Object.entries(inputs)) await writeFile(join(cwd, name), content);
  const words = [
    '--db',
    'db',
    `--dry-run=${cwd}/out.lp`,
    '--state-dir',
    `${cwd}/state`,
    '--measurement',
    'm',
    '--expect-time',
    'off',
  ];
  const env: Record<string, string> = {};
  for (let more = 1 + random(3); more > 0; more -= 1) {
    const row = rows[random(rows.length)]!;
    const [name, text] = [flagName(row.key), value(row, random)];
    if (random(5) === 0) env[`BULK_LOAD_${name.slice(2).replaceAll('-', '_').toUpperCase()}`] = text;
    else words.push(row.is.kind === 'switch' && random(2) === 0 ? name : `${name}=${text}`);
  }
  const command = random(4) === 0 ? ['check'] : [];
  const names = Object.keys(inputs);
  const named = random(8) === 0 ? odd(random) : names[random(names.length)]!;
  const running = begin([...command, ...words, named], { cwd, env: { HOME: cwd, ...env } });
  // A rate of a byte a second, and other ways to wait, are stopped as a user would stop them.
  const stop = setInterval(() => {
    try {
      running.kill('SIGTERM');
    } catch {} // it has not begun to listen
  }, 5000);
  const ended = await running.ended.catch((error: unknown) => ({ code: null, stderr: String(error) }));
  clearInterval(stop);
  await rm(cwd, { recursive: true });
  const typed = JSON.stringify([...command, ...words, named, env]).slice(0, 600);
  const wrong = codes.includes(ended.code ?? -1)
    ? []
    : [`${seed} ${typed}: exit code ${ended.code}: ${ended.stderr.slice(0, 600)}`];
  return { code: ended.code, wrong };
}

test(`${count} commands with odd options end with an outcome`, { timeout: 60_000 + count * 6000 }, async () => {
  const watch = new HangWatch();
  const seeds = Array.from({ length: count }, (_, i) => firstSeed + i);
  const ends = await pLimit(8).map(seeds, async (seed) => {
    watch.begin(seed);
    return await attack(seed);
  });
  await watch.end();
  expect(ends.flatMap(({ wrong }) => wrong)).toEqual([]);
  // Some options are harmless, so that the command runs.
  expect(ends.filter(({ code }) => code === 0).length).toBeGreaterThan(count / 5);
});
