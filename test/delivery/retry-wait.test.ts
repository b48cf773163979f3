import { expect, test } from 'vitest';
import { backoff, formingBackoff } from '../../src/delivery/retry-wait.js';

const almostOne = (): number => 1 - Number.EPSILON;

test('a wait is drawn below a cap that doubles up to 30 s', () => {
  const caps = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map((failures) => Math.round(backoff(failures, 0, almostOne)));
  expect(caps).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  expect(backoff(5, 0, () => 0)).toBe(0);
  expect(backoff(5, 0, () => 0.25)).toBe(1000);
});

test('the wait that the target asked for is the least, also above the cap', () => {
  expect(backoff(1, 120_000, almostOne)).toBe(120_000);
  expect(backoff(4, 1500, () => 0)).toBe(1500);
  expect(Math.round(backoff(4, 1500, almostOne))).toBe(2000);
});

test('raft groups get at least a second from one attempt to the next', () => {
  expect(formingBackoff(1, 0, () => 0)).toBe(1000);
  expect(formingBackoff(1, 400, () => 0)).toBe(600);
  expect(Math.round(formingBackoff(20, 0, almostOne))).toBe(31_000);
  expect(formingBackoff(1, 3000, () => 0.5)).toBe(125);
});
