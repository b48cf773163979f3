// The differences between the targets that take line protocol over HTTP. The client in http-target.ts serves all of them.

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

/** Hooks that are absent take the defaults of the client. */
export interface Dialect {
  /** Value of the Authorization header; null: the header is absent. */
  readonly authorization: string | null;
  /** Path and query of a write. */
  readonly writePath: string;
  readonly verdicts: VerdictTable;
  /** Shows whether an endpoint is usable. Absent: an empty write shows reachability, credentials and database. */
  readonly probe?: { readonly request: QueryRequest; verdict(response: HttpResponse, now: number): Verdict };
  /** All endpoints belong to one cluster: what one endpoint creates, the others show later. */
  readonly clustered?: true;
  /** Version of one endpoint; null where it is unknown. */
  version(query: QueryClient, index: number): Promise<string | null>;
  /** Creates the database. Absent: the target creates it with the first write. */
  create?(query: QueryClient, index: number, memcacheBytes: number | null): Promise<void>;
  /** Drops the database with everything in it. */
  drop?(query: QueryClient): Promise<void>;
  /** Throws RefusedError for settings that would lose data. */
  settings(query: QueryClient): Promise<DatabaseSettings>;
  columns?(query: QueryClient, table?: string): Promise<TargetColumn[]>;
  readonly listsColumns?: boolean;
  /** Creates a table unless it exists; false if the target refuses. */
  createTable?(query: QueryClient, shape: Shape): Promise<boolean>;
  readBack?(query: QueryClient, points: readonly PointValues[]): Promise<(PointValues | null)[]>;
  scan?(query: QueryClient, table: string, span: TimeSpan): AsyncIterable<Uint8Array>;
  count?(query: QueryClient, table: string): Promise<number | null>;
  flush?(query: QueryClient, timeoutMs: number): Promise<FlushOutcome>;
  gauge?(query: QueryClient, index: number): Promise<number | null>;
  layout?(query: QueryClient): Promise<NodeLayout>;
}

/** Authorization by token, else by user and password; null where the settings have neither. */
export function basicOrBearer({ token, user, password }: TargetSettings): string | null {
  if (token !== null) return `Bearer ${token}`;
  return user === '' ? null : basic(user, password);
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The version in the header of a /ping that all versions of InfluxDB send; null without that header. */
export async function versionHeader(query: QueryClient, index: number): Promise<string | null> {
  const outcome = await query.once(index, { path: '/ping' });
  const header = outcome.kind === 'response' ? outcome.response.headers['x-influxdb-version'] : undefined;
  return typeof header === 'string' ? (/\d+(\.\d+)*\S*/.exec(header.slice(0, 80))?.[0] ?? null) : null;
}
