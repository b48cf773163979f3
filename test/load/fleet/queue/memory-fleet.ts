// Coordinators and workers in this process, over a queue and a target in memory, on virtual time.

import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { resolve } from '../../../../src/config/resolve.js';
import type { Settings } from '../../../../src/config/settings.js';
import type { Input, Notice, Target } from '../../../../src/core/types/index.js';
import { wrapObject } from '../../../../src/core/wrap-object.js';
import { allowInputs } from '../../../../src/fleet/allowed-inputs.js';
import { leaseTiming } from '../../../../src/fleet/queue/piece-lease.js';
import { expand } from '../../../../src/inputs/expand.js';
import { planLoad } from '../../../../src/load/fleet/plan-load.js';
import { coordinate, type FleetContext } from '../../../../src/load/fleet/queue/coordinate.js';
import { targetHash } from '../../../../src/load/fleet/queue/fleet-jobs.js';
import { runWorker, type WorkerContext } from '../../../../src/load/fleet/queue/worker.js';
import { options } from '../../../../src/load/option-table.js';
import type { LoadContext, LoadResult } from '../../../../src/load/types.js';
import type { Snapshot } from '../../../../src/reporting/figures.js';
import { realClock, VirtualClock } from '../../../support/clock.js';
import { MemoryRedis } from '../../../support/memory-redis.js';
import { remote } from '../../../support/servers/remote.js';
import { MemoryStore } from '../memory-target.js';

const never = new AbortController().signal;

/** Imports what a load imports when it starts: virtual time would pass meanwhile. */
let imported: Promise<unknown> | undefined;

/** @param flags of the coordinator and of all workers */
export async function memoryFleet(flags: object = {}) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'bulk-load-fleet-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const clock = new VirtualClock();
  clock.isBusy = () => process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap');
  const redis = new MemoryRedis(clock);
  const store = new MemoryStore();
  const allowed = await allowInputs([`${folder}/**`], folder);
  /** Notices with the second in which they came. */
  const notices: string[] = [];
  const notify = ({ level, message }: Notice): void => {
    if (level !== 'debug') notices.push(`${clock.monotonic() / 1000} ${level} ${message}`);
  };
  const settingsOf = async (name: string, own: object = flags): Promise<Settings> => {
    const quiet = { db: 'd', url: 'http://127.0.0.1:1', targetMemory: 'off', turn: false, memoryWatchdog: 'off' };
    const given = { ...quiet, memoryLimit: '4GiB', stateDir: join(folder, name), ...own };
    return (await resolve(options, { flags: given, env: {} })).settings;
  };
  const inputOf = async (path: string): Promise<Input> => {
    const stdin = { isTTY: true, isPipeOrFile: false, stream: () => process.stdin };
    return (await expand([path], { stdin, cwd: folder, stateDir: join(folder, 'none'), remote })).inputs[0]!;
  };
  const fleet = {
    ...{ folder, clock, redis, store, notices, settingsOf, inputOf },
    /** Creates the target of the coordinator and of each worker. */
    target: (): Target => {
      const target = store.target();
      return wrapObject(target, { traits: { ...target.traits, plansMemory: false } });
    },
    /** The last snapshot function that was given to `watch`. */
    snapshot: (): Snapshot | null => null,
    async file(name: string, text: string): Promise<string> {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    },
    async coordinate(
      paths: readonly string[],
      own: Partial<LoadContext> = {},
      more: Partial<FleetContext> = {},
    ): Promise<LoadResult> {
      const inputs = await Promise.all(paths.map(inputOf));
      const context = { version: '1.2.3', inputs, clock, stop: never, abort: never, notify, command: () => 'again' };
      const watch = (snapshot: () => Snapshot): void => {
        fleet.snapshot = snapshot;
      };
      return await coordinate(
        await settingsOf('state'),
        () => Promise.resolve(fleet.target()),
        (_, target) => ({ ...context, target, watch, ...own }),
        {
          connect: () => Promise.resolve(redis.open()),
          allowed,
          given: flags as Record<string, unknown>,
          piecesAtOnce: null,
          ...more,
        },
      );
    },
    async work(own: Partial<WorkerContext> = {}): Promise<void> {
      const settings = await settingsOf('worker');
      await runWorker({
        ...{ version: '1.2.9', machine: 'here', workerId: 'w1', clock, notify, allowed, redis: redis.open() },
        ...{ timing: leaseTiming, stateDir: settings.stateDir, exitWhenIdle: true, retryForMs: 60_000 },
        ...{ target: targetHash(settings), stop: never, abort: never, watch: () => {} },
        settingsFor: () => Promise.resolve(settings),
        findInput: inputOf,
        createTarget: () => Promise.resolve(fleet.target()),
        ...own,
      });
    },
    /** Lets time pass until the promise settles, at most an hour. */
    async ended<T>(promise: Promise<T>): Promise<T> {
      let isEnded = false;
      void promise.catch(() => {}).then(() => (isEnded = true));
      for (let seconds = 0; seconds < 3600 && !isEnded; seconds += 0.5) await clock.advance(500);
      if (!isEnded) throw new Error('it does not end within an hour');
      return await promise;
    },
  };
  const other = new MemoryStore();
  imported ??= inputOf(await fleet.file('first.lp', 'm f=1 1640995200000000000\n')).then(async (input) =>
    planLoad(await settingsOf('first', {}), {
      ...{ version: '0', clock: realClock, signal: never, notify: () => {}, inputs: [input], target: other.target() },
      ...{ createTarget: () => Promise.resolve(other.target()), given: {}, parsed: () => {} },
      resident: { bytes: () => 0, peak: () => 0, close: () => {} },
    }),
  );
  await imported;
  return fleet;
}
