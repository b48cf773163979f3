// Notices about the request bodies and flushes of a load.

import { UnavailableError } from '../../core/errors.js';
import { size } from '../../core/text.js';
import type { Notice } from '../../core/types/index.js';
import { maxHoldMs } from './flush/flushing.js';

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
    `planned flushes (COMPACT DATABASE) are off: ${why}; request bodies are now at most ${size(bodyBytes)}, ` +
    (slowly
      ? 'and sending waits at --target-memory until the target has flushed'
      : 'and nodes may exceed --target-memory');
  return { level: 'warn', kind: 'flush', message };
}

export function flushesTooSlowly(unflushedBytes: number): UnavailableError {
  return new UnavailableError({
    tried: 'waiting for a flush of the target, because more rows would exceed --target-memory',
    expected: `a flush within ${maxHoldMs / 60_000} minutes`,
    found: `about ${size(unflushedBytes)} of rows on a node that are still not on its disk`,
    fix: 'look at the disk and the log of the node, then run the same command again, or raise --target-memory if the nodes have more memory',
  });
}
