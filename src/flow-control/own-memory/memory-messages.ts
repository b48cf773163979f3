// Messages of the memory watchdog, with figures.

import { MemoryLimitError } from '../../core/errors.js';
import { size } from '../../core/text.js';
import type { Notice } from '../../core/types/index.js';
import { stopMark } from './watermarks.js';

/** Resident memory now, its peak, and its limit, bytes. */
export interface MemoryFigures {
  readonly rss: number;
  readonly peak: number;
  readonly limit: number;
}

const actions = {
  normal: 'the load may use all writers again',
  high: 'the load uses fewer writers and does not read ahead',
  critical: 'the load uses one writer',
};

function figures({ rss, limit }: Pick<MemoryFigures, 'rss' | 'limit'>): string {
  return `resident memory ${size(rss)} of ${size(limit)}`;
}

/** Builds the notice that a memory level begins. */
export function levelNotice(level: keyof typeof actions, memory: MemoryFigures): Notice {
  const message = `${figures(memory)}: ${actions[level]}`;
  return { level: level === 'critical' ? 'warn' : 'info', kind: `memory-${level}`, message };
}

/** Builds the notice of a memory level for `--memory-watchdog observe`, which only reports. */
export function observedNotice(level: keyof typeof actions | 'stop', memory: MemoryFigures): Notice {
  const action = level === 'stop' ? 'the load would stop with exit code 6' : actions[level];
  const message = `${figures(memory)}; with --memory-watchdog on: ${action}`;
  return { level: level === 'normal' ? 'info' : 'warn', kind: `memory-${level}`, message };
}

/** Builds the notice about memory that stays resident after a garbage collection with no batch in flight. */
export function retainedNotice(memory: MemoryFigures): Notice {
  const message =
    `${figures(memory)} after all batches ended and all garbage was collected: the allocator retains this memory. ` +
    'The load continues with one writer. With MALLOC_MMAP_THRESHOLD_=131072 in the environment, the allocator frees such memory';
  return { level: 'warn', kind: 'memory-retained', message };
}

export function limitExceeded(memory: MemoryFigures): MemoryLimitError {
  const { peak, limit } = memory;
  const exceeded = peak > limit;
  return new MemoryLimitError({
    tried: 'holding the memory limit',
    expected: exceeded
      ? `at most ${size(limit)} at any time`
      : `less than ${stopMark} % of the limit with no batch in flight`,
    found: exceeded
      ? `a peak of ${size(peak)} of resident memory`
      : `${figures(memory)} for 5 s after a forced garbage collection`,
    fix: 'raise --memory-limit, or lower --batch-bytes or --max-point-bytes',
  });
}
