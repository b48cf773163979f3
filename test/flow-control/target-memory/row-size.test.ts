import { expect, test } from 'vitest';
import { rowsPerByte } from '../../../src/flow-control/target-memory/row-size.js';

test("a sensor's points weigh what their text does", () => {
  expect(rowsPerByte(1000, 10_000, 238_000)).toBe(1);
});

test('rows of many short fields weigh more than their text: a head, and a slot for each field', () => {
  expect(rowsPerByte(10, 1000, 8000)).toBe((320 + 16_000) / 8000);
});

test('a batch without points weighs nothing out of proportion', () => {
  expect(rowsPerByte(0, 0, 0)).toBe(1);
});
