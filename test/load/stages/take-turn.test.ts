import { expect, test } from 'vitest';
import type { HeldTurn } from '../../../src/core/types/index.js';
import { takeTurn } from '../../../src/load/stages/take-turn.js';
import { VirtualClock } from '../../support/clock.js';

const never = new AbortController().signal;

/** A fleet whose turn is free, and a host whose lock another load releases after `hostMs`. */
function setup(hostMs: number) {
  const clock = new VirtualClock();
  const state = { isHeld: false, isLocked: false };
  const turn: HeldTurn = {
    isFresh: () => state.isHeld,
    release: () => {
      state.isHeld = false;
    },
  };
  const fleet = {
    takeTurn: () => {
      state.isHeld = true;
      return Promise.resolve(turn);
    },
  };
  const lock = {
    take: async (signal: AbortSignal) => {
      await clock.sleep(hostMs, signal);
      state.isLocked = true;
      return {
        release: () => {
          state.isLocked = false;
        },
      };
    },
  };
  return { clock, state, taken: takeTurn(fleet, lock, clock, never) };
}

test('a worker that waits for a frozen load of its host gives the turn of the fleet up', async () => {
  const { clock, state, taken } = setup(60_000);
  await clock.advance(4_999);
  expect(state.isHeld).toBe(true);
  await clock.advance(1);
  expect(state.isHeld).toBe(false);
  await clock.advance(60_000);
  expect((await taken).isFresh()).toBe(false);
});

test('a worker that waits briefly for its host holds both turns', async () => {
  const { clock, state, taken } = setup(1_000);
  await clock.advance(60_000);
  const turn = await taken;
  expect([turn.isFresh(), state]).toEqual([true, { isHeld: true, isLocked: true }]);
  turn.release();
  expect(state).toEqual({ isHeld: false, isLocked: false });
});

test('a worker whose host refuses the lock gives the turn of the fleet back', async () => {
  let released = 0;
  const turn: HeldTurn = { isFresh: () => true, release: () => (released += 1) };
  const lock = { take: () => Promise.reject(new Error('no lock')) };
  const clock = new VirtualClock();
  const taking = takeTurn({ takeTurn: () => Promise.resolve(turn) }, lock, clock, never);
  await expect(taking).rejects.toThrow('no lock');
  expect([released, clock.waiting]).toEqual([1, 0]);
});

test('a load outside of a fleet has only the lock of its host, which does not expire', async () => {
  const clock = new VirtualClock();
  const turn = await takeTurn(null, { take: () => Promise.resolve({ release: () => {} }) }, clock, never);
  expect(turn.isFresh()).toBe(true);
});
