// The InfluxDB 2 dialect: /api/v2/write into a bucket of an organization. InfluxDB 2 does not report the types of
// columns. So the loader checks only types of columns that the load itself introduces. InfluxDB rejects other conflicts
// of types.

import { z } from 'zod';
import { type DatabaseSettings, defaultDatabaseSettings } from '../../core/types/index.js';
import { type Dialect, versionHeader } from '../http/dialect.js';
import type { QueryClient, QueryRequest } from '../http/query-client.js';
import { jsonOf } from '../http/response-text.js';
import type { TargetDeps, TargetSettings } from '../types.js';
import { verdicts } from './influxdb2-verdicts.js';

const rulesSchema = z.array(z.object({ everySeconds: z.number().nonnegative().default(0) }));
const bucketSchema = z.object({ id: z.string().optional(), retentionRules: rulesSchema.default([]) });
const bucketsSchema = z.object({ buckets: z.array(bucketSchema) });
const orgsSchema = z.object({ orgs: z.array(z.object({ id: z.string() })) });

export class Influxdb2 implements Dialect {
  readonly authorization: string | null;
  readonly writePath: string;
  readonly verdicts = verdicts;
  readonly #settings: TargetSettings;

  constructor({ settings }: TargetDeps) {
    const { db: bucket, tenant: org, precision, token } = settings;
    this.#settings = settings;
    this.authorization = token === null ? null : `Token ${token}`;
    this.writePath = `/api/v2/write?${new URLSearchParams({ org, bucket, precision }).toString()}`;
  }

  version(query: QueryClient, index: number): Promise<string | null> {
    return versionHeader(query, index);
  }

  async create(query: QueryClient): Promise<void> {
    const { db, tenant: org } = this.#settings;
    const request = { path: `/api/v2/orgs?${new URLSearchParams({ org }).toString()}` };
    const { orgs } = await query.json(request, orgsSchema);
    const [found] = orgs;
    if (found === undefined)
      throw query.refused(request, query.urls[query.order[0]!]!, 'an empty list', {
        expected: `organization ${org}`,
        fix: 'check --tenant',
      });
    const body = JSON.stringify({ orgID: found.id, name: db, retentionRules: [] });
    const headers = { 'content-type': 'application/json' };
    await query.json({ path: '/api/v2/buckets', headers, body }, z.unknown());
  }

  /**
   * Reads the retention of the bucket. If the token may not read the bucket, returns the default settings. InfluxDB
   * itself then rejects expired points.
   */
  async settings(query: QueryClient): Promise<DatabaseSettings> {
    const { db, tenant: org } = this.#settings;
    const request: QueryRequest = { path: `/api/v2/buckets?${new URLSearchParams({ org, name: db }).toString()}` };
    const response = await query.response(request);
    if (response.status !== 200) return defaultDatabaseSettings;
    const { buckets } = query.parsed(request, response, jsonOf(response.body), bucketsSchema);
    const [bucket] = buckets;
    const seconds = bucket?.retentionRules[0]?.everySeconds ?? 0;
    const id = bucket?.id === undefined ? {} : { id: bucket.id };
    return { ...defaultDatabaseSettings, ...id, ttlMs: seconds === 0 ? null : seconds * 1000 };
  }
}
