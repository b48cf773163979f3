// What differs between the targets that take line protocol but are no CnosDB. Everything else is lines/target.ts.

import type { DatabaseSettings, PointValues, TargetColumn, TargetTraits, Verdict } from '../../core/types/index.js';
import type { HttpAnswer } from '../http/http-status.js';
import type { QueryClient, Question } from './query-client.js';

export interface Dialect {
  readonly traits: TargetTraits;
  /** That header's value; null: none. */
  readonly authorization: string | null;
  /** Path and query of a write. */
  readonly writePath: string;
  /** Asked in place of an empty write; null: an empty write says whether it lives, lets us in, and has the database. */
  readonly knock: Question | null;
  /** Of a write. */
  verdict(answer: HttpAnswer, now: number): Verdict;
  /** Of a knock. */
  knocked(answer: HttpAnswer, now: number): Verdict;
  /** Whether nothing is missing but the database. */
  isMissing(verdict: Verdict): boolean;
  /** Version of the server that answered a knock; null: not told. */
  version(ask: QueryClient, index: number): Promise<string | null>;
  /** At one endpoint. Absent: nothing has to be created. */
  create?(ask: QueryClient, index: number): Promise<void>;
  /** Throws RefusedError for settings that would lose data. */
  settings(ask: QueryClient): Promise<DatabaseSettings>;
  /** Absent: it does not tell types. */
  columns?(ask: QueryClient, table?: string): Promise<TargetColumn[]>;
  readBack?(ask: QueryClient, points: readonly PointValues[]): Promise<(PointValues | null)[]>;
}
