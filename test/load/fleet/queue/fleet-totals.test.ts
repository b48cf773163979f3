import { expect, test } from 'vitest';
import type { FleetPlan } from '../../../../src/fleet/plan-file.js';
import { noFigures, type PieceResult } from '../../../../src/fleet/queue/messages.js';
import type { BookedPiece } from '../../../../src/load/fleet/queue/fleet-record.js';
import { FleetTotals } from '../../../../src/load/fleet/queue/fleet-totals.js';

const pieceOf = (points: number) => ({ from: null, to: null, points, bytes: 1 });
const inputOf = (name: string, pieces: number) => ({
  ...{ name, path: `/${name}`, folders: [], size: 10, hash: null, error: null },
  pieces: Array.from({ length: pieces }, () => pieceOf(5)),
});
const plan = {
  ...{ formatVersion: 1, version: '1', id: 'plan', options: {}, identity: '', fieldTypes: {} },
  inputs: [inputOf('a.lp', 2), inputOf('b.lp', 1)],
  limits: { maxRejected: { count: 3 }, acceptRejects: { count: 0 }, minPoints: 1 },
  times: { spans: [], unseen: 0, totalBytes: null },
} as unknown as FleetPlan;

const totalsOf = (): FleetTotals =>
  new FleetTotals(
    plan,
    new Map([
      ['a1', { input: 0, bytes: 10 }],
      ['a2', { input: 0, bytes: 20 }],
      ['b1', { input: 1, bytes: 40 }],
    ]),
  );

const booked = (id: string, change: Partial<BookedPiece> = {}): BookedPiece => ({
  ...{ id, outcome: 'complete', reason: null, error: null, format: 'lp', values: 7, inputBytes: 100 },
  points: { read: 5, loaded: 4, rejected: 1, undelivered: 0 },
  rejects: { 'no-fields': { points: 1, example: `${id}:1: no field` } },
  ...change,
});

test('each piece of the plan counts once, for its input and in total', () => {
  const totals = totalsOf();
  expect([totals.book(booked('a1')), totals.book(booked('a1')), totals.book(booked('c1'))]).toEqual([
    true,
    false,
    false,
  ]);
  expect([totals.settledPieces, totals.inputsDone, totals.settledBytes]).toEqual([1, 0, 10]);
  totals.book(booked('a2', { error: 'cut short' }));
  expect([totals.settledPieces, totals.inputsDone, totals.settledBytes, totals.values]).toEqual([2, 1, 30, 14]);
  expect(totals.points).toEqual({ read: 10, loaded: 8, rejected: 2, undelivered: 0 });
  expect(totals.inputs).toMatchObject([
    { name: 'a.lp', format: 'lp', read: 10, loaded: 8, rejected: 2, bytes: 200, error: 'cut short' },
    { name: 'b.lp', format: '', read: 0, bytes: 0, error: null },
  ]);
  expect([...totals.byReason, ...totals.examples]).toEqual([
    ['no-fields', 2],
    ['no-fields', 'a1:1: no field'],
  ]);
  expect([totals.isBooked('a2'), totals.isBooked('b1')]).toEqual([true, false]);
});

test('the worst outcome of a piece is that of the load, and the first of equal ones gives the reason', () => {
  const totals = totalsOf();
  totals.book(booked('a1', { outcome: 'input', reason: 'first' }));
  totals.book(booked('a2', { outcome: 'input', reason: 'second' }));
  expect(totals.outcome()).toEqual({ outcome: 'input', reason: 'first' });
  totals.book(booked('b1', { outcome: 'refused' }));
  expect(totals.outcome()).toEqual({ outcome: 'refused', reason: 'a piece of b.lp ended with refused' });
});

test('rejects beyond --max-rejected, or a piece that ends with them, end the load', () => {
  const few = totalsOf();
  for (const id of ['a1', 'a2', 'b1']) few.book(booked(id));
  expect([few.exceedsRejects, few.outcome().outcome]).toEqual([false, 'complete-with-rejects']);
  const many = totalsOf();
  many.book(booked('a1', { points: { read: 5, loaded: 1, rejected: 4, undelivered: 0 } }));
  expect(many.exceedsRejects).toBe(true);
  const ended = totalsOf();
  ended.book(booked('a1', { outcome: 'too-many-rejects' }));
  expect(ended.exceedsRejects).toBe(true);
});

test('each machine has a row with its pieces, points, seconds and largest memory', () => {
  const totals = totalsOf();
  const add = (machine: string, figures: { loaded: number; seconds: number; peakRssBytes: number } | null): void => {
    const none = noFigures();
    totals.add({
      machine,
      figures: figures && {
        ...{ ...none, seconds: figures.seconds, points: { ...none.points, loaded: figures.loaded } },
        memory: { ...none.memory, peakRssBytes: figures.peakRssBytes },
      },
    } as PieceResult);
  };
  expect(FleetTotals.runOf(null).points.loaded).toBe(0);
  add('b', { loaded: 4, seconds: 1, peakRssBytes: 300 });
  add('a', null);
  add('b', { loaded: 5, seconds: 2, peakRssBytes: 200 });
  expect(totals.machines).toEqual([
    { name: 'a', pieces: 0, loaded: 0, seconds: 0, peakRssBytes: 0 },
    { name: 'b', pieces: 2, loaded: 9, seconds: 3, peakRssBytes: 300 },
  ]);
  expect(FleetTotals.runOf(totals).points.loaded).toBe(9);
});

test('the figures of a run without pieces are zero', () => {
  const totals = totalsOf();
  expect(totals.run).toMatchObject({
    ...{ formatVersion: 1, outcome: 'complete', exitCode: 0, points: { read: 0, loaded: 0 } },
    rate: { pointsPerSecond: 0, decodedBytesPerSecond: 0 },
  });
  const none = {
    format: '',
    read: 0,
    loaded: 0,
    rejected: 0,
    undelivered: 0,
    bytes: 0,
    resumedFromByte: 0,
    error: null,
  };
  expect(totals.inputs).toEqual([
    { name: 'a.lp', ...none },
    { name: 'b.lp', ...none },
  ]);
});

test('an input has the first error of its pieces', () => {
  const totals = totalsOf();
  totals.book(booked('a1', { error: 'cut short' }));
  totals.book(booked('a2', { error: 'no disk' }));
  expect(totals.inputs[0]!.error).toBe('cut short');
});

test('a piece that a defect ended decides the outcome', () => {
  const totals = totalsOf();
  totals.book(booked('a1', { outcome: 'bug', reason: 'x is not a function' }));
  expect(totals.outcome()).toEqual({ outcome: 'bug', reason: 'x is not a function' });
});
