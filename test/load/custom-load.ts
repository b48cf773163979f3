// Loads a text in this process into a target of the test, on virtual time.

import { expect } from 'vitest';
import { resolve } from '../../src/config/resolve.js';
import type { FleetHooks, Input, MemoryBudget, Notice, Target } from '../../src/core/types/index.js';
import { options } from '../../src/load/option-table.js';
import { load } from '../../src/load/pipeline.js';
import type { LoadContext, LoadResult } from '../../src/load/types.js';
import type { Snapshot } from '../../src/reporting/figures.js';
import { createCustomTarget } from '../../src/targets/custom/custom-target.js';
import { bytesSource } from '../formats/support.js';
import { VirtualClock } from '../support/clock.js';
import { folder } from './ledger/support.js';

const never = new AbortController().signal;

/** Returns points of one series as line protocol, a nanosecond apart. */
export const points = (count: number): string =>
  Array.from({ length: count }, (_, i) => `m f=${i} ${1_640_995_200_000_000_000n + BigInt(i)}\n`).join('');

export const accepted: Target['write'] = ({ bytes: { length: sentBytes } }) =>
  Promise.resolve({ verdict: { kind: 'accepted' }, endpoint: 'own', latencyMs: 1, sentBytes });

interface CustomLoad {
  /** Members of the target that differ from those of a custom target that accepts everything. */
  readonly own?: Partial<Target>;
  readonly flags?: object;
  readonly fleet?: FleetHooks;
  /** Default: one point. */
  readonly text?: string;
  /** Path of the input, which lets the load write a checkpoint; null for none. */
  readonly path?: string | null;
  /** The part of the input to load. Default: the whole input, whose head is parsed first. */
  readonly piece?: Input['piece'];
  /** Inputs after the text. */
  readonly others?: readonly Input[];
  readonly command?: LoadContext['command'];
  readonly stop?: AbortSignal;
  /** Called during the load, with a function that returns snapshots of it. Lets time pass. Default: no time passes. */
  readonly during?: (clock: VirtualClock, snapshot: () => Snapshot) => Promise<void>;
}

/** Loads a text. Returns the summary, the notices, and the memory budget of each time that the input was opened. */
export async function loadText({
  own = {},
  flags = {},
  fleet,
  text = points(1),
  path = null,
  piece,
  others = [],
  command = null,
  stop = never,
  during,
}: CustomLoad): Promise<
  LoadResult & { readonly notices: readonly Notice[]; readonly opened: readonly MemoryBudget[] }
> {
  const quiet = { db: 'd', url: 'http://127.0.0.1:1', turn: false, memoryWatchdog: 'off', memoryLimit: '4GiB' };
  const given = { ...quiet, targetMemory: 'off', stateDir: await folder(), ...flags };
  const { settings } = await resolve(options, { flags: given, env: {} });
  const opened: MemoryBudget[] = [];
  const bytes = Buffer.from(text);
  const notices: Notice[] = [];
  const open: Input['open'] = (_, budget) => {
    opened.push(budget!);
    const file = {
      size: bytes.length,
      version: 'v',
      bytes: async (from: number, to: number) => bytes.subarray(from, to),
    };
    return Promise.resolve({ ...bytesSource(bytes), ...(path === null ? {} : { file }) });
  };
  const clock = new VirtualClock();
  let snapshot = (): Snapshot => expect.unreachable('no snapshot yet');
  const running = load(settings, {
    ...{
      version: '0',
      inputs: [{ name: 'a.lp', path, size: bytes.length, open, ...(piece && { piece }) }, ...others],
      command,
    },
    ...{ target: createCustomTarget({ write: accepted, ...own }), clock, stop, abort: never },
    ...{ notify: (notice) => notices.push(notice), workerThread: false },
    watch: (given) => {
      snapshot = given;
    },
    ...(fleet === undefined ? {} : { fleet }),
  });
  await during?.(clock, () => snapshot());
  return { ...(await running), notices, opened };
}
