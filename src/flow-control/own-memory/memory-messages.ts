// What the governor says to people, figures included.

import { MemoryLimitError } from '../../core/errors.js';
import type { Notice } from '../../core/types/index.js';
import { stopMark } from './watermarks.js';

/** Resident memory and its limit, bytes. */
export interface MemoryFigures {
  readonly rss: number;
  readonly limit: number;
}

const does = {
  normal: 'all writers again',
  high: 'fewer writers, no read-ahead',
  critical: 'one writer',
};

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

function shown({ rss, limit }: MemoryFigures): string {
  return `resident memory ${mebibytes(rss)} of ${mebibytes(limit)}`;
}

/** A level was entered. */
export function levelNotice(level: keyof typeof does, figures: MemoryFigures): Notice {
  const message = `${shown(figures)}: ${does[level]}`;
  return { level: level === 'critical' ? 'warn' : 'info', kind: `memory-${level}`, message };
}

/** The same from a watchdog that only observes. */
export function observed(level: keyof typeof does | 'stop', figures: MemoryFigures): Notice {
  const would = level === 'stop' ? 'the load stopped with code 6' : does[level];
  const message = `${shown(figures)}: with --memory-watchdog on, ${would}`;
  return { level: level === 'normal' ? 'info' : 'warn', kind: `memory-${level}`, message };
}

/** Memory that neither waiting nor collecting brings back. */
export function retainedNotice(figures: MemoryFigures): Notice {
  const message = `${shown(figures)} although no batch is in flight and all garbage is collected: the allocator keeps it. Going on with one writer; MALLOC_MMAP_THRESHOLD_=131072 in the environment makes it give memory back`;
  return { level: 'warn', kind: 'memory-retained', message };
}

export function limitExceeded(figures: MemoryFigures): MemoryLimitError {
  return new MemoryLimitError(
    `hold the memory limit — expected less than ${stopMark} % of it with no batch in flight — got ${shown(figures)} for 5 s after a forced collection — raise --memory-limit, or lower --batch-bytes or --max-point-bytes`,
  );
}
