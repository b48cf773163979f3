import { expect, test } from 'vitest';
import type { Shape, TargetColumn } from '../../src/core/types/index.js';
import { Catalogue } from '../../src/schema/catalogue.js';
import { FleetIntroduction } from '../../src/schema/fleet-introduction.js';
import { VirtualClock } from '../support/clock.js';

const never = new AbortController().signal;
const shape: Shape = { table: 'm', columns: [{ name: 'f', type: 'float' }] };
const column: TargetColumn = { table: 'm', name: 'f', type: 'float' };

/** `columns` of the target, and of each endpoint, change with the returned object. */
function setup(endpoints: number) {
  const state = {
    ...{ turns: 0, released: 0, isFresh: true, columns: [] as TargetColumn[] },
    shown: Array.from({ length: endpoints }, (): TargetColumn[] | null => []),
  };
  const clock = new VirtualClock();
  const introduction = new FleetIntroduction(
    {
      takeTurn: async () => {
        state.turns += 1;
        state.isFresh = true;
        const release = (): void => {
          state.released += 1;
        };
        return { isFresh: () => state.isFresh, release };
      },
      target: { columns: async () => state.columns },
      endpoints: state.shown.map((_, i) => ({
        columns: async () => {
          const shown = state.shown[i];
          if (shown == null) throw new Error('connect ECONNREFUSED');
          return shown;
        },
      })),
      ...{ catalogue: new Catalogue([]), sharedNames: false, clock },
    },
    [shape],
  );
  return { state, clock, introduction };
}

test('a turn that grew old is taken again before the next request, and a fresh one is kept', async () => {
  const { state, introduction } = setup(1);
  await introduction.hold(never);
  await introduction.hold(never);
  expect([state.turns, state.released]).toEqual([1, 0]);
  state.isFresh = false;
  await introduction.hold(never);
  expect([state.turns, state.released, introduction.isKnown]).toEqual([2, 1, false]);
});

test('columns that another worker has introduced need no turn once every endpoint shows them', async () => {
  const { state, clock, introduction } = setup(2);
  state.columns = [column];
  state.shown[0] = [column];
  const held = introduction.hold(never);
  await clock.advance(1_000);
  expect([state.released, introduction.isKnown]).toEqual([0, false]);
  state.shown[1] = [column];
  await clock.advance(2_000);
  await held;
  expect([state.turns, state.released, introduction.isKnown]).toEqual([1, 1, true]);
});

test('the turn ends once every endpoint that answers shows the columns', async () => {
  const { state, clock, introduction } = setup(3);
  await introduction.hold(never);
  state.columns = [column];
  state.shown.splice(0, 3, [column], null, []);
  const ended = introduction.end(never);
  await clock.advance(1_000);
  expect(state.released).toBe(0);
  state.shown[2] = [column];
  await clock.advance(2_000);
  await ended;
  expect(state.released).toBe(1);
});

test('an endpoint that answers and never shows the columns ends the load, and the turn', async () => {
  const { state, clock, introduction } = setup(1);
  await introduction.hold(never);
  state.columns = [column];
  const ended = expect(introduction.end(never)).rejects.toThrow(/every endpoint to show them/);
  await clock.advance(61_000);
  await ended;
  expect(state.released).toBe(1);
});
