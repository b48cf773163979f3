// SQL questions, asked of any endpoint that will answer, until it does or the waiting time is spent.

import { RefusedError, UnavailableError } from '../../core/errors.js';
import type { Clock } from '../../core/types/index.js';
import { type CnosdbClient, isRows, verdictOf } from './cnosdb-client.js';
import { rowsOf, type SettingsRow } from './database-settings.js';

/** What preflight and questions share. */
export interface QueryContext {
  readonly wire: CnosdbClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly shown: readonly string[];
  /** Monotonic ms: since when it is waited, and until when it will be. */
  readonly since: number;
  readonly deadline: number;
}

const questionTimeoutMs = 10_000;

/** Attempted — expected — got — what to do. */
export const sentence = (...parts: readonly string[]): string => parts.join(' — ');

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10}s`;

/** At least a second, so that the last look is a real one. */
export function timeLeft(asking: QueryContext, most: number): number {
  return Math.max(1000, Math.min(most, asking.deadline - asking.clock.monotonic()));
}

/** What a person can do about what CnosDB refuses. */
export function remedy(reason: string): string {
  if (/tenant/i.test(reason) && /not found/i.test(reason)) return 'see --tenant';
  if (/Database .*not found/i.test(reason)) return 'see --db, or have it created with --create-db';
  if (/Access denied|user .* not found/i.test(reason)) return 'see --user and --password';
  if (/privileges/i.test(reason)) return 'grant them, or see --user';
  return 'nothing was sent';
}

export type SqlNotice = { readonly rows: SettingsRow[] } | { readonly rejected: string };

function read(body: string, cut: boolean, most: number, shown: string, statement: string): SqlNotice {
  try {
    if (cut) throw new SyntaxError('it is cut');
    return { rows: rowsOf(body) };
  } catch {
    const got = cut ? 'a longer one' : JSON.stringify(body.slice(0, 80));
    const expected = `expected rows as JSON, ${Math.round(most / 1024)} KiB at most`;
    const advice = cut ? 'for so many rows raise --memory-limit' : 'is this a CnosDB? see --url';
    throw new RefusedError(sentence(`asked ${shown}: ${statement}`, expected, `got ${got}`, advice));
  }
}

/**
 * Asks the endpoints in turn, those of `order` only, again after a second. `rejected`: the statement itself was refused.
 * Throws RefusedError, UnavailableError, or the signal's reason.
 */
export async function askSql(asking: QueryContext, order: readonly number[], statement: string): Promise<SqlNotice> {
  const { wire, clock, signal, shown } = asking;
  for (let turn = 0; ; turn++) {
    const index = order[turn % order.length];
    const timeoutMs = timeLeft(asking, questionTimeoutMs);
    const outcome = await wire.sql(index, statement, wire.answerBytes, timeoutMs, signal);
    signal.throwIfAborted();
    if (isRows(outcome)) return read(outcome.answer.body, outcome.cut, wire.answerBytes, shown[index], statement);
    const said = verdictOf(outcome, timeoutMs, clock.now());
    if (said.kind === 'rejected') return { rejected: said.message };
    const reason = said.kind === 'accepted' ? 'an answer that is none' : said.reason;
    const asked = `asked ${shown[index]}: ${statement}`;
    if (said.kind === 'refused')
      throw new RefusedError(sentence(asked, 'expected rows', `got ${reason}`, remedy(reason)));
    if (turn % order.length < order.length - 1) continue;
    const left = asking.deadline - clock.monotonic();
    if (left <= 0) throw unavailable(asking, `expected an answer to ${statement}`, [reason]);
    await clock.sleep(Math.min(1000, left), signal);
  }
}

/** `problems`: one for each endpoint. */
export function unavailable(asking: QueryContext, expected: string, problems: readonly string[]): UnavailableError {
  const waited = `waited ${seconds(asking.clock.monotonic() - asking.since)} for ${asking.shown.join(', ')}`;
  const got = `got ${problems.join('; ')}`;
  return new UnavailableError(sentence(waited, expected, got, 'start it, or wait longer with --wait-for-target'));
}

/** The same, with time for a few questions even when nearly all of it went into waiting for a first answer. */
export function patient(asking: QueryContext): QueryContext {
  return { ...asking, deadline: Math.max(asking.deadline, asking.clock.monotonic() + questionTimeoutMs) };
}
