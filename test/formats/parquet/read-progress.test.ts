import { expect, test } from 'vitest';
import { InputError } from '../../../src/core/errors.js';
import { ReadProgress } from '../../../src/formats/parquet/read-progress.js';

/** A clock on which CPU time and wall time pass together, by hand. */
function manualClock() {
  const clock = { ms: 0, cpuMs: () => clock.ms, monotonic: () => clock.ms };
  return clock;
}

test('a Parquet file without a row in 60 seconds of CPU time ends with an input error', async () => {
  const clock = manualClock();
  const progress = new ReadProgress('a.parquet', new AbortController().signal, clock);
  clock.ms = 50_000;
  await progress.check();
  progress.advance();
  clock.ms = 109_000;
  await progress.check();
  clock.ms = 110_001;
  await expect(progress.check()).rejects.toThrow(InputError);
});

test('Parquet reading lets timers run, so that a signal ends it between two pages', async () => {
  const clock = manualClock();
  const controller = new AbortController();
  const progress = new ReadProgress('a.parquet', controller.signal, clock);
  setImmediate(() => controller.abort(new Error('SIGTERM')));
  clock.ms = 30;
  await expect(progress.check()).rejects.toThrow('SIGTERM');
});
