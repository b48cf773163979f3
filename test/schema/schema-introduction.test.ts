import { expect, test } from 'vitest';
import type { Receipt, Shape, TargetColumn } from '../../src/core/types/index.js';
import { Catalogue } from '../../src/schema/catalogue.js';
import { SchemaIntroduction } from '../../src/schema/schema-introduction.js';
import { VirtualClock } from '../support/clock.js';

const never = new AbortController().signal;
const shape: Shape = { table: 'm', columns: [{ name: 'f', type: 'float' }] };
const column: TargetColumn = { table: 'm', name: 'f', type: 'float' };
const whole: Receipt = { loaded: [{ from: 0, to: 2 }], rejected: [], undelivered: [] };
const part: Receipt = { ...whole, undelivered: [{ from: 2, to: 3 }] };

/** The columns of the target change with the returned object. `endpoints`: their number. */
function setup(endpoints = 1) {
  const state = { turns: 0, released: 0, isFresh: true, columns: [] as TargetColumn[], queries: 0, lists: true };
  const clock = new VirtualClock();
  const introduction = new SchemaIntroduction(
    {
      takeTurn: async () => {
        state.turns += 1;
        state.isFresh = true;
        const release = (): void => {
          state.released += 1;
        };
        return { isFresh: () => state.isFresh, release };
      },
      target: {
        columns: async () => {
          state.queries += 1;
          return state.columns;
        },
        get listsColumns() {
          return state.lists;
        },
        endpoints: () => Array.from({ length: endpoints }, () => ({ url: '', loaded: 0, failures: 0, openSeconds: 0 })),
      },
      ...{ catalogue: new Catalogue([]), sharedNames: false, readsFirst: endpoints > 0, clock },
    },
    [shape],
  );
  return { state, clock, introduction };
}

test('a turn that grew old is taken again before the next request, and a fresh one is kept', async () => {
  const { state, introduction } = setup();
  await introduction.hold(never);
  await introduction.hold(never);
  expect([state.turns, state.released]).toEqual([1, 0]);
  state.isFresh = false;
  await introduction.hold(never);
  expect([state.turns, state.released, introduction.isKnown]).toEqual([2, 1, false]);
});

test('columns that another load has introduced need no turn', async () => {
  const { state, introduction } = setup();
  state.columns = [column];
  await introduction.hold(never);
  expect([state.turns, state.released, introduction.isKnown]).toEqual([1, 1, true]);
});

test('the turn ends once the endpoints show the columns that were acknowledged', async () => {
  const { state, clock, introduction } = setup();
  await introduction.hold(never);
  const ended = introduction.end(whole, never);
  await clock.advance(5_000);
  expect(state.released).toBe(0);
  state.columns = [column];
  await clock.advance(2_000);
  await ended;
  expect(state.released).toBe(1);
});

test('columns that never show end the load, and the turn', async () => {
  const { state, clock, introduction } = setup();
  await introduction.hold(never);
  const ended = expect(introduction.end(whole, never)).rejects.toThrow(/every endpoint to show the new columns/);
  await clock.advance(61_000);
  await ended;
  expect(state.released).toBe(1);
});

test('the rest of a batch may have held the columns, so a loaded part waits for them a second and ends nothing', async () => {
  const { state, clock, introduction } = setup();
  await introduction.hold(never);
  const ended = introduction.end(part, never);
  await clock.advance(1_100);
  await ended;
  expect(state.released).toBe(1);
});

test('a batch of which nothing was loaded, and a target without endpoints, wait for no column', async () => {
  const refused = setup();
  await refused.introduction.hold(never);
  await refused.introduction.end({ ...part, loaded: [] }, never);
  const program = setup(0);
  await program.introduction.hold(never);
  await program.introduction.end(whole, never);
  expect([refused.state.queries, refused.state.released]).toEqual([1, 1]);
  expect([program.state.queries, program.state.released]).toEqual([0, 1]);
});

test('columns of a target that lists none are not awaited', async () => {
  const { state, clock, introduction } = setup();
  await introduction.hold(never);
  state.lists = false;
  await introduction.end(whole, never);
  expect([state.released, clock.monotonic()]).toEqual([1, 0]);
});
