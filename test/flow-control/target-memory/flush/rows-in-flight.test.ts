import { expect, test } from 'vitest';
import { type Flushing, unflushed } from '../../../../src/flow-control/target-memory/flush/flushing.js';
import { RowsInFlight } from '../../../../src/flow-control/target-memory/flush/rows-in-flight.js';

const marks = { dueBytes: 50, holdBytes: 100 };

/** Returns whether a body of 20 bytes with 10 bytes of rows for each of its bytes must wait. */
function mustWait(state: Partial<Flushing>, counts = true, inFlight = 0, limits: typeof marks | null = marks): boolean {
  const rows = new RowsInFlight(counts);
  rows.acknowledged(1, 10);
  rows.admitted(inFlight);
  return rows.exceedsRoom(limits, { ...unflushed, ...state }, 20);
}

test('a body with more rows than the room waits for a due flush, or for the bodies in flight', () => {
  expect([mustWait({}), mustWait({ fresh: 49 }), mustWait({ fresh: 50 }), mustWait({}, true, 1)]).toEqual([
    ...[false, false, true, true],
  ]);
});

test('no body waits where rows are not limited, or where the target does not flush', () => {
  const full = { fresh: 90 };
  expect(mustWait(full)).toBe(true);
  expect(mustWait(full, false)).toBe(false);
  expect(mustWait(full, true, 0, null)).toBe(false);
  expect(mustWait({ ...full, givenUp: 'too slow' })).toBe(false);
  expect(mustWait({ ...full, notPermitted: true })).toBe(false);
});
