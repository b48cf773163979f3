// A whole load in this process against a scripted cluster. Every point of the input is unique, and the same points as rows
// are exactly what the cluster must finally hold.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolve } from '../../src/config/resolve.js';
import type { Clock, Notice } from '../../src/core/types/index.js';
import { expand } from '../../src/inputs/expand.js';
import { createTarget } from '../../src/load/create-target.js';
import { options as optionTable } from '../../src/load/option-table.js';
import { type LoadResult, load } from '../../src/load/pipeline.js';
import type { Cluster } from './cluster/cluster.js';
import { remote } from './servers/remote.js';

const start = 1_640_995_200_000_000_000n;

function lineOf(i: number): string {
  return `m,host=h${i % 7} f=${i}.5,n=${2n ** 53n + BigInt(i)}i,s="p ${i}" ${start + BigInt(i)}\n`;
}

function rowOf(i: number): [string, object] {
  const key = JSON.stringify(['m', [['host', `h${i % 7}`]], String(start + BigInt(i))]);
  return [key, { f: i + 0.5, n: 9_007_199_254_740_992n + BigInt(i), s: `p ${i}` }];
}

export const exactLines = (count: number): string => Array.from({ length: count }, (_, i) => lineOf(i)).join('');

/** Rows by series and time, in the form of the scripted cluster. */
export const exactRows = (count: number): Map<string, object> =>
  new Map(Array.from({ length: count }, (_, i) => rowOf(i)));

export function storedRows(cluster: Cluster): Map<string, object> {
  return new Map([...cluster.databases.get('db')!.rows].map(([key, row]) => [key, Object.fromEntries(row)]));
}

export interface Ran extends LoadResult {
  readonly notices: readonly Notice[];
}

export interface Loader {
  /**
   * @param options by their key in the config file
   * @param notices list to which the load adds its notices
   */
  load(urls: readonly string[], options?: Record<string, string>, notices?: Notice[]): Promise<Ran>;
  end(): Promise<void>;
}

/** Returns a function that loads `count` points with a new state directory. Slow preparations are done once, before it. */
export async function exactLoader(count: number, clock: Clock): Promise<Loader> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-exact-'));
  const path = join(folder, 'a.lp');
  await writeFile(path, exactLines(count));
  await import('undici');
  let runs = 0;
  return {
    load: async (urls, options = {}, notices = []) => {
      runs += 1;
      const own = { url: urls, db: 'db', stateDir: join(folder, `state-${runs}`), waitForTarget: '2h' };
      // Tests share this process, so its memory says nothing about the load.
      const flags = { ...own, memoryWatchdog: 'off', ...options };
      const { settings } = await resolve(optionTable, { flags, env: {} });
      const stdin = { isTTY: false, isPipeOrFile: false, stream: () => process.stdin };
      const { inputs } = await expand([path], { stdin, cwd: folder, stateDir: 'state', remote });
      const notify = (notice: Notice): void => void notices.push(notice);
      const never = new AbortController().signal;
      const context = { version: '0.0.0', clock, notify, inputs, stdout: process.stdout };
      const target = await createTarget(settings, context);
      const ends = { stop: never, abort: never, command: null, watch: () => {} };
      return { ...(await load(settings, { ...context, ...ends, target })), notices };
    },
    end: () => rm(folder, { recursive: true, force: true }),
  };
}
