import { expect, test } from 'vitest';
import { RunPhases } from '../../../src/load/outcome/run-phases.js';
import { VirtualClock } from '../../support/clock.js';

test('each phase counts its own time, the current one up to now', async () => {
  const clock = new VirtualClock();
  await clock.advance(500);
  const phases = new RunPhases(clock);
  expect(phases.current).toBe('starting');
  await clock.advance(2000);
  phases.begin('sending');
  await clock.advance(3000);
  expect(phases.current).toBe('sending');
  expect(phases.seconds).toEqual({ starting: 2, sending: 3, verifying: 0, ending: 0 });
  await clock.advance(1000);
  phases.begin('ending');
  await clock.advance(250);
  expect(phases.seconds).toEqual({ starting: 2, sending: 4, verifying: 0, ending: 0.25 });
});
