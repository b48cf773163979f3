// Notices about the request bodies and flushes of a load.

import { UnavailableError } from '../../core/errors.js';
import { size, sizeOption } from '../../core/text.js';
import type { Notice } from '../../core/types/index.js';
import { keptBodies } from './body-sizes.js';
import { flushMarks } from './flush/flush-marks.js';
import { maxHoldMs } from './flush/flushing.js';
import { bodiesKept } from './raft-caches.js';
import type { TargetMemoryForecast } from './target-forecast.js';
import { nodePeak } from './target-plan.js';

/**
 * The load gives the notice about pacing once waits for the interval between two flushes take this many seconds, and
 * this share of the time since the first response.
 */
const pacedSeconds = 5;
const pacedShare = 0.25;

/** Decides when the notice about pacing is given. */
export class PacedNotice {
  /** Time of the first response, monotonic ms. */
  #firstAt: number | null = null;
  #given = false;

  get given(): boolean {
    return this.#given;
  }

  /**
   * Returns true for the first response at which the notice is due.
   * @param at time of the response, monotonic ms
   * @param seconds waits for the interval between two flushes so far
   */
  begins(at: number, seconds: number): boolean {
    this.#firstAt ??= at;
    if (this.#given) return false;
    this.#given = seconds >= pacedSeconds && seconds >= ((at - this.#firstAt) / 1000) * pacedShare;
    return this.#given;
  }
}

export function smallerBodies(bytes: number): Notice {
  const message = `the target is short of memory or time: request bodies are now at most ${size(bytes)}`;
  return { level: 'warn', kind: 'smaller-batches', message };
}

export function largerBodies(bytes: number): Notice {
  const message = `the target has accepted all recent writes: request bodies are now at most ${size(bytes)}`;
  return { level: 'debug', kind: 'larger-batches', message };
}

/** Builds the notice that flushes are no longer planned. @param slowly true if the target flushes by itself */
export function noMoreFlushes(why: string, bodyBytes: number, slowly: boolean): Notice {
  const message =
    `the load no longer requests flushes in advance (COMPACT DATABASE): ${why}; request bodies are now at most ${size(bodyBytes)}, ` +
    (slowly
      ? 'and before a node exceeds --target-memory, the load waits until the target has flushed'
      : 'and nodes may exceed --target-memory');
  return { level: 'warn', kind: 'flush', message };
}

export function flushesTooSlowly(unflushedBytes: number): UnavailableError {
  return new UnavailableError({
    tried: 'waiting for a flush of the target, because more rows would exceed --target-memory',
    expected: `a flush within ${maxHoldMs / 60_000} minutes`,
    found: `a node with about ${size(unflushedBytes)} of rows that are not yet on disk`,
    fix: 'look at the disk and the log of the node, then run the same command again, or raise --target-memory if the nodes have more memory',
  });
}

/**
 * Explains which rate --target-memory or the memcache size allows, and names a larger size that allows a higher rate.
 * @param cacheRows bytes of rows at which the target flushes a vnode by itself
 */
export function pacingMessage(
  { plan, totalBytes }: TargetMemoryForecast,
  bodyBytes: number,
  bytesPerSecond: number,
  cacheRows: number,
): string {
  const limit = plan.limitBytes ?? 0;
  const kept = keptBodies(bodyBytes, plan.share, totalBytes, plan.retainedPerByte);
  const { holdBytes } = flushMarks(limit, plan.baseBytes, kept);
  const rate = `limited the rate to about ${Math.round(bytesPerSecond / 1e6)} MB/s: flushes are at least 2s apart, and`;
  if (cacheRows < holdBytes) {
    const memcache = (bytes: number): string => `MAX_MEMCACHE_SIZE '${sizeOption(bytes)}'`;
    return (
      `${memcache(plan.vnodeCacheBytes)} of the database ${rate} a vnode has room for ${size(cacheRows)} of rows until the node ` +
      `flushes the vnode by itself. A database with ${memcache((plan.vnodeCacheBytes * holdBytes) / cacheRows)} allows a higher rate`
    );
  }
  return (
    `--target-memory ${size(limit)} ${rate} a node has room for ${size(holdBytes)} of rows ` +
    `beside ${bodiesKept} request bodies of ${size(bodyBytes)}. If the nodes have enough memory, ` +
    `--target-memory ${sizeOption(nodePeak(plan.baseBytes, kept, 2 * holdBytes))} doubles the rate`
  );
}
