// Sends SQL statements to CnosDB and parses their rows.

import { z } from 'zod';
import { excerpt } from '../../core/text.js';
import type { QueryClient, QueryRequest } from '../http/query-client.js';
import { jsonOf } from '../http/response-text.js';
import type { HttpResponse } from '../http/types.js';
import { judge } from '../http/verdict-table.js';
import { verdicts } from './cnosdb-verdicts.js';

const rowsSchema = z.array(z.record(z.string(), z.unknown()));

export type SqlRow = Readonly<Record<string, unknown>>;

/** Result of a statement: its rows, or the reason why CnosDB rejects the statement. */
export type SqlResult = { readonly rows: readonly SqlRow[] } | { readonly rejected: string };

/** Quotes an identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Quotes a string. */
export const quotedText = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/**
 * Builds the request of a statement.
 * @param scope database and tenant, as a query string
 */
export function sqlRequest(scope: string, statement: string): QueryRequest {
  const headers = { accept: 'application/json' };
  return { path: `/api/v1/sql?${scope}`, headers, body: statement, label: statement };
}

/**
 * Builds the request of a statement whose rows arrive as CSV. CnosDB sends the first rows while it still reads others.
 */
export function csvRequest(scope: string, statement: string): QueryRequest {
  const { path, ...request } = sqlRequest(scope, statement);
  return { ...request, path: `${path}&chunked=true`, headers: { accept: 'application/csv' } };
}

/** Returns the reason why CnosDB rejects a statement. */
export function judgedText(response: HttpResponse, now: number): string {
  const verdict = judge(verdicts, response, now);
  return verdict.kind === 'rejected' ? verdict.message : 'reason' in verdict ? verdict.reason : verdict.kind;
}

/** Runs a statement. Throws like `QueryClient.response`. */
export async function sql(query: QueryClient, scope: string, statement: string): Promise<SqlResult> {
  const request = sqlRequest(scope, statement);
  const response = await query.response(request);
  if (response.status === 200) {
    const value = response.body.trim() === '' ? [] : jsonOf(response.body);
    return { rows: query.parsed(request, response, value, rowsSchema) };
  }
  const verdict = judge(verdicts, response, query.clock.now());
  if (verdict.kind === 'rejected') return { rejected: verdict.message };
  const { reason, advice } = verdict.kind === 'refused' ? verdict : { reason: verdict.kind, advice: '' };
  throw query.refused(request, response.endpoint, excerpt(reason), { expected: 'rows', fix: advice ?? '' });
}
