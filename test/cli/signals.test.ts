// What signals do to a run, and after it.

import { EventEmitter } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import type { Process } from '../../src/cli/process.js';
import { onSignals } from '../../src/cli/signals.js';

afterEach(() => {
  vi.useRealTimers();
});

test('a run without a signal gives the handling of signals back at once', () => {
  const process = new EventEmitter();
  onSignals(process as unknown as Process, () => {}).end();
  expect(process.listenerCount('SIGINT')).toBe(0);
});

test('after a run that a signal stopped, a further signal is ignored for a second', () => {
  vi.useFakeTimers();
  const process = new EventEmitter();
  const interruption = onSignals(process as unknown as Process, () => {});
  process.emit('SIGINT');
  interruption.end();
  expect(interruption.stop.aborted).toBe(true);
  expect(process.listenerCount('SIGINT')).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(process.listenerCount('SIGINT')).toBe(0);
});
