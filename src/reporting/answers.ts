// The kinds of responses to writes, as the progress bar and the report page name them.

import type { Answers } from '../core/types/index.js';

interface AnswerRow {
  readonly kind: keyof Answers;
  readonly label: string;
  /** True if the target did not accept a write although its content is valid. The progress line shows this trouble. */
  readonly isTrouble: boolean;
}

/** Rows in the order of the report's charts, from bottom to top. */
export const answerKinds: readonly AnswerRow[] = [
  { kind: 'accepted', label: 'accepted', isTrouble: false },
  { kind: 'rejected', label: 'rejected', isTrouble: false },
  { kind: 'forming', label: 'not ready', isTrouble: true },
  { kind: 'overloaded', label: 'overloaded', isTrouble: true },
  { kind: 'dropped', label: 'connection lost', isTrouble: true },
  { kind: 'unreachable', label: 'unreachable', isTrouble: true },
  { kind: 'refused', label: 'refused', isTrouble: true },
];

/** For each kind of answer, subtracts an earlier number from a later number. */
export function answersBetween(now: Answers, before: Answers | undefined): Answers {
  return byKind((kind) => now[kind] - (before?.[kind] ?? 0));
}

/** For each kind of answer, adds two numbers. */
export function answersSum(now: Answers, before: Answers | undefined): Answers {
  return byKind((kind) => now[kind] + (before?.[kind] ?? 0));
}

function byKind(count: (kind: keyof Answers) => number): Answers {
  return Object.fromEntries(answerKinds.map(({ kind }) => [kind, count(kind)])) as unknown as Answers;
}
