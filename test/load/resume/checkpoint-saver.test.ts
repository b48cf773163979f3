import { expect, test } from 'vitest';
import { CheckpointSaver } from '../../../src/load/resume/checkpoint-saver.js';
import { VirtualClock } from '../../support/clock.js';

/** A saver whose saves take `takesMs`; `results` says which of them write a checkpoint. */
function saving(takesMs = 0, results: (boolean | Error)[] = []) {
  const clock = new VirtualClock();
  const [at, errors]: [number[], unknown[]] = [[], []];
  const saver = new CheckpointSaver({
    clock,
    end: (error) => errors.push(error),
    save: async () => {
      at.push(clock.monotonic());
      const result = results.shift() ?? true;
      if (result instanceof Error) throw result;
      saver.copied();
      if (takesMs > 0) await clock.sleep(takesMs);
      return result;
    },
  });
  return { clock, saver, at, errors };
}

test('nothing is saved before the first save, and then once a second while something changes', async () => {
  const { clock, saver, at } = saving();
  saver.touch();
  await clock.advance(5000);
  expect(at).toEqual([]);
  await saver.save();
  saver.touch();
  await clock.advance(999);
  expect(at).toEqual([5000]);
  await clock.advance(1);
  expect(at).toEqual([5000, 6000]);
  await clock.advance(10_000);
  expect([at.length, clock.waiting]).toEqual([2, 0]);
  // After a pause the next change is saved at once.
  saver.touch();
  saver.touch();
  await clock.advance(0);
  expect(at).toEqual([5000, 6000, 16_000]);
  expect(saver.stats).toEqual({ saves: 3, ms: 0 });
});

test('a save that takes long delays the next to a hundred times its duration', async () => {
  const { clock, saver, at } = saving(30);
  const first = saver.save();
  await clock.advance(30);
  await first;
  saver.touch();
  await clock.advance(2969);
  expect(at).toEqual([0]);
  await clock.advance(1);
  expect(at).toEqual([0, 3000]);
  expect(saver.isSaving).toBe(true);
  await clock.advance(30);
  expect([saver.isSaving, saver.stats]).toEqual([false, { saves: 2, ms: 60 }]);
});

test('a change during a save leads to another save', async () => {
  const { clock, saver, at } = saving(5);
  const first = saver.save();
  await clock.advance(5);
  await first;
  saver.touch();
  await clock.advance(995);
  expect(saver.isSaving).toBe(true);
  saver.touch();
  expect(clock.waiting).toBe(1);
  await clock.advance(2000);
  expect(at).toEqual([0, 1000, 2000]);
});

test('a checkpoint that cannot be written yet is tried again a second later, and does not count', async () => {
  const { clock, saver, at } = saving(0, [true, false]);
  await saver.save();
  saver.touch();
  await clock.advance(1000);
  expect([at, saver.stats.saves]).toEqual([[0, 1000], 1]);
  saver.touch();
  await clock.advance(999);
  expect(at.length).toBe(2);
  await clock.advance(1);
  expect([at, saver.stats.saves]).toEqual([[0, 1000, 2000], 2]);
});

test('an error of a scheduled save ends the run', async () => {
  const full = new Error('disk full');
  const { clock, saver, errors } = saving(0, [true, full]);
  await saver.save();
  saver.touch();
  await clock.advance(1000);
  expect(errors).toEqual([full]);
});

test('a stop schedules no further save and waits for the one in progress', async () => {
  const { clock, saver, at } = saving(50);
  const first = saver.save();
  await clock.advance(50);
  await first;
  saver.touch();
  await clock.advance(4950);
  expect(saver.isSaving).toBe(true);
  let ended = false;
  const stopped = saver.stop().then(() => {
    ended = true;
  });
  await clock.advance(49);
  expect(ended).toBe(false);
  await clock.advance(1);
  await stopped;
  saver.touch();
  await clock.advance(20_000);
  expect(at).toEqual([0, 5000]);
  const { clock: other, saver: idle, at: saves } = saving();
  await idle.save();
  idle.touch();
  await idle.stop();
  await other.advance(5000);
  expect([saves, other.waiting]).toEqual([[0], 0]);
});
