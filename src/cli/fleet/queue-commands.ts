// `bulk-load status` shows the loads in a queue, and `bulk-load stop` stops a load.

import { BusyError, UsageError } from '../../core/errors.js';
import { count, plural, printable, size } from '../../core/text.js';
import { clock } from '../../core/time/system-clock.js';
import { FleetStore } from '../../fleet/queue/fleet-store.js';
import type { WorkerStatus } from '../../fleet/queue/messages.js';
import { PieceQueue } from '../../fleet/queue/piece-queue.js';
import type { FleetRedis } from '../../fleet/queue/redis.js';
import { row } from '../../reporting/summary.js';
import { openCommand } from '../open-command.js';
import { maskOf } from '../output/masking.js';
import { print } from '../output/print.js';
import type { Process } from '../process.js';
import { openQueue } from './open-fleet.js';

/** Longest wait for workers and coordinator after a stop, ms. */
const stopMs = 60_000;

/** Prints all loads and workers of the queue, or one load and its workers. */
export async function runStatus(
  load: string | undefined,
  flags: Readonly<Record<string, unknown>>,
  process: Process,
): Promise<number> {
  return await withQueue(flags, process, 'bulk-load status', async (redis, store) => {
    const ids = await store.loadIds();
    if (load !== undefined && !ids.includes(load)) throw unknownLoad(load, ids);
    const workers = await store.workers();
    const lines: string[] = [];
    for (const id of load === undefined ? ids : [load])
      lines.push(
        ...(await loadLines(
          redis,
          store,
          id,
          workers.filter((each) => each.load === id),
        )),
      );
    const idle = workers.filter((each) => load === undefined && !ids.includes(each.load ?? ''));
    if (load === undefined && ids.length === 0) lines.push('The queue has 0 loads.');
    if (load === undefined) lines.push(`${plural(workers.length, 'worker')}, ${idle.length} of them idle.`);
    await print(process, maskOf(process).text(lines.map((line) => `${printable(line)}\n`).join('')));
    return 0;
  });
}

/** Stops a load in the same way as a signal to its coordinator. Then waits until the load has ended. */
export async function runStop(
  load: string,
  flags: Readonly<Record<string, unknown>>,
  process: Process,
): Promise<number> {
  return await withQueue(flags, process, 'bulk-load stop', async (redis, store) => {
    const ids = await store.loadIds();
    if (!ids.includes(load)) throw unknownLoad(load, ids);
    await store.setStopped(load, true);
    const queue = new PieceQueue(redis, load);
    try {
      const until = clock.monotonic() + stopMs;
      while (clock.monotonic() < until) {
        const isGone = !(await store.loadIds()).includes(load);
        const hasCoordinator = (await store.coordinator(load)) !== null;
        if (isGone || (!hasCoordinator && (await queue.counts()).active === 0)) {
          await print(process, isGone ? stoppedText(load) : waitingText(load));
          return 0;
        }
        await clock.sleep(300);
      }
    } finally {
      await queue.close();
    }
    throw new BusyError({
      tried: `stopping load ${load}`,
      expected: 'workers and coordinator to stop within a minute',
      found: 'a worker or the coordinator still running',
      fix: `look at bulk-load status --queue URL ${load}`,
    });
  });
}

function stoppedText(load: string): string {
  return `Load ${load} is stopped. Its coordinator printed the command that resumes the load.\n`;
}

function waitingText(load: string): string {
  return `Load ${load} is stopped, and no coordinator runs. To resume the load, run the command that began the load.\n`;
}

async function loadLines(
  redis: FleetRedis,
  store: FleetStore,
  id: string,
  workers: readonly WorkerStatus[],
): Promise<string[]> {
  const queue = new PieceQueue(redis, id);
  try {
    const [load, { active, waiting }, settled] = [
      await store.load(id),
      await queue.counts(),
      await store.bookedCount(id),
    ];
    const holder = await store.coordinator(id);
    const total = load?.pieces ?? 0;
    const percent = total === 0 ? 0 : Math.floor((100 * settled) / total);
    const state = (await store.isStopped(id)) ? ', stopping' : '';
    return [
      `Load ${id}, since ${load?.startedAt ?? '?'}${state}`,
      row(
        'pieces',
        `${count(settled)} of ${count(total)} finished (${percent}%), ${count(active)} in progress, ${count(waiting)} waiting`,
      ),
      row(
        'coordinator',
        holder === null
          ? 'not running; to resume the load, run the command that began the load'
          : `pid ${holder.pid} on ${holder.machine}`,
      ),
      ...workers.map(({ machine: name, id: worker, points, rssBytes }) =>
        row(
          'worker',
          `${worker} on ${name}: loaded ${count(points.loaded)} points of its piece, memory ${size(rssBytes)}`,
        ),
      ),
    ];
  } finally {
    await queue.close();
  }
}

async function withQueue(
  flags: Readonly<Record<string, unknown>>,
  unmasked: Process,
  command: string,
  act: (redis: FleetRedis, store: FleetStore) => Promise<number>,
): Promise<number> {
  // The options of a load require --db, although these commands do not use the database.
  const { resolved } = await openCommand([], { db: 'any', ...flags }, unmasked);
  const redis = await openQueue(resolved.settings, command, true);
  try {
    return await act(redis, new FleetStore(redis));
  } finally {
    redis.close();
  }
}

function unknownLoad(load: string, ids: readonly string[]): UsageError {
  const found = ids.length === 0 ? 'no load at all' : `the loads ${ids.join(', ')}`;
  return new UsageError([
    { tried: `load ${load}`, expected: 'a load in the queue', found, fix: 'see bulk-load status' },
  ]);
}
