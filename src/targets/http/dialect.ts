// Describes how the targets that accept line protocol over HTTP differ. One client, http-target.ts, serves all of them.

import type {
  DatabaseSettings,
  FlushOutcome,
  NodeLayout,
  PointValues,
  Shape,
  TargetColumn,
  TimeSpan,
  Verdict,
} from '../../core/types/index.js';
import type { TargetSettings } from '../types.js';
import type { QueryClient, QueryRequest } from './query-client.js';
import type { HttpResponse } from './types.js';
import type { VerdictTable } from './verdict-table.js';

/** The functions and settings of one target. The client uses defaults for absent members. */
export interface Dialect {
  /** Value of the Authorization header; null for no header. */
  readonly authorization: string | null;
  /** Path and query of a write. */
  readonly writePath: string;
  readonly verdicts: VerdictTable;
  /**
   * Request that tests an endpoint. Absent if an empty write is the test, which also checks credentials and database.
   */
  readonly probe?: { readonly request: QueryRequest; verdict(response: HttpResponse, now: number): Verdict };
  /**
   * True if all endpoints belong to one cluster. A database that is created at one endpoint then appears at all others.
   */
  readonly clustered?: true;
  /** Returns the version of one endpoint; null if unknown. */
  version(query: QueryClient, index: number): Promise<string | null>;
  /** Creates the database; absent if the first write creates it. */
  create?(query: QueryClient, index: number, memcacheBytes: number | null): Promise<void>;
  /** Drops the database with everything in it. */
  drop?(query: QueryClient): Promise<void>;
  /** Reads the settings of the database. Throws RefusedError for settings that would lose data. */
  settings(query: QueryClient): Promise<DatabaseSettings>;
  columns?(query: QueryClient, table?: string): Promise<TargetColumn[]>;
  readonly listsColumns?: boolean;
  /** Creates a table unless it exists; resolves with false if the target refuses. */
  createTable?(query: QueryClient, shape: Shape): Promise<boolean>;
  readBack?(query: QueryClient, points: readonly PointValues[]): Promise<(PointValues | null)[]>;
  scan?(query: QueryClient, table: string, span: TimeSpan): AsyncIterable<Uint8Array>;
  count?(query: QueryClient, table: string): Promise<number | null>;
  flush?(query: QueryClient, timeoutMs: number): Promise<FlushOutcome>;
  gauge?(query: QueryClient, index: number): Promise<number | null>;
  layout?(query: QueryClient): Promise<NodeLayout>;
}

/**
 * Returns the Authorization header for the token. Without a token, returns the header for user and password. Returns
 * null without credentials.
 */
export function basicOrBearer({ token, user, password }: TargetSettings): string | null {
  if (token !== null) return `Bearer ${token}`;
  return user === '' ? null : basic(user, password);
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Returns the version from the /ping header that all versions of InfluxDB send; null if the header is missing. */
export async function versionHeader(query: QueryClient, index: number): Promise<string | null> {
  const outcome = await query.once(index, { path: '/ping' });
  const header = outcome.kind === 'response' ? outcome.response.headers['x-influxdb-version'] : undefined;
  return typeof header === 'string' ? (/\d+(\.\d+)*\S*/.exec(header.slice(0, 80))?.[0] ?? null) : null;
}
