import { expect, test } from 'vitest';
import { BucketBarrier } from '../../../../src/flow-control/target-memory/flush/bucket-barrier.js';

const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

function setup(due = [true]) {
  const events: string[] = [];
  let endFlush = (): void => {};
  const barrier = new BucketBarrier({
    isDue: () => due[0]!,
    flush: async () => {
      events.push('flush');
      await new Promise<void>((resolve) => {
        endFlush = resolve;
      });
      due[0] = false;
    },
  });
  const admit = (name: string, isNew: boolean): void => void barrier.admit(isNew).then(() => events.push(name));
  return { barrier, events, admit, due, endFlush: () => endFlush() };
}

test('the first batch of a time bucket waits for the batches in flight and then for a flush', async () => {
  const { barrier, events, admit, endFlush } = setup();
  admit('old 1', false);
  admit('old 2', false);
  await settled();
  admit('new', true);
  admit('after', false);
  await settled();
  expect(events).toEqual(['old 1', 'old 2']);
  barrier.settled();
  await settled();
  expect(events).toEqual(['old 1', 'old 2']);
  barrier.settled();
  await settled();
  expect(events.slice(2)).toEqual(['flush']);
  endFlush();
  await settled();
  expect(events.slice(3).toSorted()).toEqual(['after', 'new']);
});

test('a batch of a new time bucket does not wait if no flush is due, also if one became superfluous meanwhile', async () => {
  const { barrier, events, admit, due } = setup([false]);
  admit('new', true);
  await settled();
  expect(events).toEqual(['new']);
  due[0] = true;
  admit('next', true);
  await settled();
  expect(events).toEqual(['new']);
  due[0] = false;
  barrier.settled();
  await settled();
  expect(events).toEqual(['new', 'next']);
});

test('more answers than admitted batches do not release a later batch too early', async () => {
  const { barrier, events, admit } = setup();
  barrier.settled();
  admit('old', false);
  await settled();
  admit('new', true);
  await settled();
  expect(events).toEqual(['old']);
  barrier.settled();
  await settled();
  expect(events).toEqual(['old', 'flush']);
});
