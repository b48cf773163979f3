// The setting of most tests of a whole load: a scripted cluster, a folder, and the loader run against both.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Summary } from '../../src/core/types/index.js';
import { type Cluster, type ClusterOptions, startCluster } from './cluster/cluster.js';
import { begin, type HereOptions } from './programs/here.js';
import { type Ended, type Going, type Running, type StartOptions, start } from './programs/process.js';
import { until } from './until.js';

export interface Result extends Ended {
  /** Null if the run ended before it wrote one. */
  readonly summary: Summary | null;
}

export interface Scene {
  readonly cluster: Cluster;
  readonly folder: string;
  readonly stateDir: string;
  /** Writes an input; returns its path. */
  file(name: string, content: string | Uint8Array): Promise<string>;
  /** Starts the loader against the cluster in a child process. */
  start(args: readonly string[], options?: StartOptions): Running;
  /** Starts the loader in this process, at a tenth of the cost, for tests that do not kill processes. */
  begin(args: readonly string[], options?: HereOptions): Going;
  /** Returns the result of a started load. */
  result(going: Going): Promise<Result>;
  /** Runs the loader in this process to its end. */
  load(args: readonly string[], options?: HereOptions): Promise<Result>;
  /** Stops or kills a load once that many points are stored. */
  endAt(points: number, going: Going, signal: NodeJS.Signals): Promise<Result>;
  /** Kills `running` once a checkpoint covers a part of an input. */
  killWithCheckpoint(running: Running): Promise<void>;
  end(): Promise<void>;
}

export async function scene(options: ClusterOptions = {}): Promise<Scene> {
  const cluster = await startCluster(options);
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  const stateDir = join(folder, 'state');
  const summaryFile = join(folder, 'summary.json');
  const words = (args: readonly string[]): string[] => [
    ...['--url', cluster.urls.join(','), '--db', 'db', '--state-dir', stateDir, '--summary', summaryFile],
    ...args,
  ];
  const here = (args: readonly string[], hereOptions?: HereOptions): Going =>
    begin(words(args), { cwd: folder, ...hereOptions });
  const result = async (one: Going): Promise<Result> => {
    const ended = await one.ended;
    const text = await readFile(summaryFile, 'utf8').catch(() => null);
    return { ...ended, summary: text === null ? null : (JSON.parse(text) as Summary) };
  };
  return {
    cluster,
    folder,
    stateDir,
    file: async (name, content) => {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    },
    start: (args, startOptions) => start(words(args), startOptions),
    begin: here,
    result,
    load: async (args, hereOptions) => await result(here(args, hereOptions)),
    endAt: async (points, one, signal) => {
      const pause = cluster.pauseAt(points);
      await pause.reached;
      one.kill(signal);
      // The load handles the signal before the next response.
      await (signal === 'SIGKILL' ? one.ended : one.saw(/waits at most 10s for its requests in flight/));
      pause.goOn();
      return await result(one);
    },
    killWithCheckpoint: async (running) => {
      await until(async () => running.child.exitCode !== null || (await checkpointed(stateDir)));
      running.kill('SIGKILL');
      await running.ended;
    },
    end: async () => {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A cluster that takes so many writes and then answers none until it may: a load that waits there long enough for a checkpoint. */
export function halfway(writes = 12): { readonly options: ClusterOptions; readonly goOn: () => void } {
  let left = writes;
  return {
    options: { script: { latencyMs: () => 50, onWrite: () => (left-- > 0 ? undefined : { hang: true }) } },
    goOn: () => {
      left = Number.POSITIVE_INFINITY;
    },
  };
}

async function checkpointed(stateDir: string): Promise<boolean> {
  const names = await readdir(stateDir).catch(() => []);
  const name = names.find((each) => each.endsWith('.checkpoint.json'));
  const text = name === undefined ? '' : await readFile(join(stateDir, name), 'utf8').catch(() => '');
  return /"byteOffset": ?[1-9]/.test(text);
}

const start2022 = 1_640_995_200n;

/** `count` points of one table, a second apart, with ns timestamps; each ended by LF. */
export function lines(count: number, table = 'm', fields = (i: number): string => `f=${i}`): string {
  return Array.from({ length: count }, (_, i) => `${table},t=a ${fields(i)} ${start2022 + BigInt(i)}000000000\n`).join(
    '',
  );
}

/** read = loaded + rejected + undelivered, in total and per input. */
export function balances({ points, inputs }: Summary): boolean {
  return [points, ...inputs].every(
    (account) => account.read === account.loaded + account.rejected + account.undelivered,
  );
}
