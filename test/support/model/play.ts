// The real load against a model cluster, from settings to summary, on virtual time.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { resolve } from '../../../src/config/resolve.js';
import type { Notice } from '../../../src/core/types/index.js';
import { options as optionTable } from '../../../src/load/option-table.js';
import { type LoadResult, load } from '../../../src/load/pipeline.js';
import { VirtualClock } from '../clock.js';
import { ModelCluster } from './cluster.js';
import { asFile, generated } from './input.js';
import { type ClusterShape, type MemoryConstants, MiB } from './shape.js';
import { ModelTarget, type Passed } from './target.js';

/** Options by their key in the config file. */
export type Options = Readonly<Record<string, string | number | boolean>>;

export interface Load {
  readonly mib: number;
  readonly pointBytes: number;
  /** Short integer fields in each point: rows wider than their text. */
  readonly fields?: number;
  /** Fields of a wide table of which each point has one. */
  readonly sparse?: number;
  /** True: a file, whose two ends can be read first; false: a stream such as standard input. */
  readonly file?: boolean;
}

export interface Played extends LoadResult {
  readonly points: number;
  readonly cluster: ModelCluster;
  readonly passed: readonly Passed[];
  /** `sent`: number of requests before the notice. */
  readonly notices: readonly (Notice & { readonly sent: number })[];
}

const stepMs = 100;
const longestMs = 2 * 3_600_000;
/** Turns of the event loop before the first request: creating folders and compiling WASM take real time. */
const mostTurns = 1_000_000;

export async function play(
  shape: ClusterShape,
  constants: MemoryConstants,
  { mib, pointBytes, fields = 0, sparse = 0, file = false }: Load,
  options: Options,
): Promise<Played> {
  const stateDir = await mkdtemp(join(tmpdir(), 'bulk-load-model-'));
  const urls = Array.from({ length: shape.nodes }, (_, i) => `http://node${i + 1}:8902`);
  // Locks of first writes are shared by all processes of the host; virtual time would not pass while another holds them.
  const fixed = { url: urls, db: 'db', stateDir, compression: 'none', memoryLimit: '8GiB', turn: false };
  const { settings } = await resolve(optionTable, { flags: { ...fixed, ...options }, env: {} });
  const clock = new VirtualClock();
  const cluster = new ModelCluster(shape, constants, clock);
  const target = new ModelTarget(cluster, clock);
  const notices: Played['notices'][number][] = [];
  const points = Math.floor((mib * MiB) / pointBytes);
  const bucketBytes = (shape.bucketMiB ?? Number.POSITIVE_INFINITY) * MiB;
  const what = { points, bytes: pointBytes, fields, sparse, bucketBytes };
  const never = new AbortController().signal;
  let over = false;
  const running = load(settings, {
    version: '0.0.0',
    inputs: [file ? await asFile(what, stateDir) : generated(what)],
    target,
    clock,
    stop: never,
    abort: never,
    command: null,
    // Virtual time waits for this thread only.
    workerThread: false,
    notify: (notice) => notices.push({ ...notice, sent: target.sent }),
    watch: () => {},
  }).finally(() => {
    over = true;
  });
  try {
    for (let turns = 0; target.sent === 0 && !over && turns < mostTurns; turns += 1) await turn();
    while (!over && clock.monotonic() < longestMs) await clock.advance(stepMs);
    return { ...(await running), points, cluster, passed: target.passed, notices };
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}
