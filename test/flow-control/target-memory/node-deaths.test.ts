import { expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/types/index.js';
import { NodeDeaths } from '../../../src/flow-control/target-memory/node-deaths.js';

type Kind = Verdict['kind'];

/** Returns what each verdict on writes to one node shows. */
function after(...kinds: Kind[]) {
  const deaths = new NodeDeaths();
  const events = kinds.map((kind) => deaths.observe('http://a', { kind }));
  return { deaths, events };
}

test('a node that took writes and refuses connections has died, and is back with its next acknowledgement', () => {
  const { deaths, events } = after('accepted', 'dropped', 'unreachable', 'unreachable', 'accepted', 'accepted');
  expect(events).toEqual([null, null, 'died', null, 'back', null]);
  expect(deaths.count).toBe(1);
});

test('an endpoint that never took a write, or that only loses connections, has not died', () => {
  expect(after('unreachable', 'dropped', 'unreachable').events).toEqual([null, null, null]);
  expect(after('accepted', 'dropped', 'overloaded', 'forming', 'rejected').events.filter(Boolean)).toEqual([]);
});

test('a node that starts and dies again three times without an acknowledged write cannot start', () => {
  const { events, deaths } = after('accepted', 'unreachable', 'dropped', 'unreachable', 'forming', 'unreachable');
  expect(events).toEqual([null, 'died', null, 'died', null, 'cannotStart']);
  expect(deaths.count).toBe(3);
});

test('an acknowledged write between two deaths starts the count again', () => {
  const { events } = after(
    'accepted',
    'unreachable',
    'dropped',
    'unreachable',
    'accepted',
    'unreachable',
    'dropped',
    'unreachable',
  );
  expect(events).toEqual([null, 'died', null, 'died', 'back', 'died', null, 'died']);
});

test('each node is watched by itself', () => {
  const deaths = new NodeDeaths();
  deaths.observe('http://a', { kind: 'accepted' });
  expect(deaths.observe('http://b', { kind: 'unreachable' })).toBeNull();
  expect(deaths.observe('http://a', { kind: 'unreachable' })).toBe('died');
});
