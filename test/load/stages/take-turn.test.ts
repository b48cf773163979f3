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
  await clock.advance(4_000);
  expect(state.isHeld).toBe(true);
  await clock.advance(2_000);
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
