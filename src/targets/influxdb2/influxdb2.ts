// InfluxDB 2.x: /api/v2/write into a bucket of an organization. It tells no types of columns: those that a load brings are
// kept in mind, the others it refuses itself.

import {
  type DatabaseSettings,
  defaultDatabaseSettings,
  type TargetTraits,
  type Verdict,
} from '../../core/types/index.js';
import type { HttpAnswer } from '../http/http-status.js';
import type { LinesOptions } from '../http/types.js';
import type { Dialect } from '../lines/dialect.js';
import type { QueryClient, Question } from '../lines/query-client.js';
import { versionOf } from '../lines/sign-in.js';
import { verdict } from './influxdb2-verdict.js';

const traits: TargetTraits = {
  title: 'InfluxDB',
  firstWriteExclusive: false,
  plansMemory: false,
  countsPoints: false,
  sendsSeconds: true,
};

interface Buckets {
  readonly buckets?: readonly { readonly retentionRules?: readonly { readonly everySeconds?: number }[] }[];
}

export class Influxdb2 implements Dialect {
  readonly traits = traits;
  readonly authorization: string | null;
  readonly writePath: string;
  readonly knock = null;
  readonly #options: LinesOptions;

  constructor(options: LinesOptions) {
    const { db: bucket, org, precision, token } = options;
    this.#options = options;
    this.authorization = token === null ? null : `Token ${token}`;
    this.writePath = `/api/v2/write?${new URLSearchParams({ org, bucket, precision }).toString()}`;
  }

  verdict(answer: HttpAnswer, now: number): Verdict {
    return verdict(answer, now);
  }

  knocked(answer: HttpAnswer, now: number): Verdict {
    return verdict(answer, now);
  }

  isMissing(said: Verdict): boolean {
    return said.kind === 'refused' && /^bucket .*not found/.test(said.reason);
  }

  version(asker: QueryClient, index: number): Promise<string | null> {
    return versionOf(asker, index, { path: '/ping' });
  }

  async create(asker: QueryClient): Promise<void> {
    const { db, org } = this.#options;
    const orgs = { path: `/api/v2/orgs?${new URLSearchParams({ org }).toString()}` };
    const { orgs: [found] = [] } = (await asker.json(orgs)) as { orgs?: { id: string }[] };
    if (found === undefined) throw asker.refused(orgs, `no organization ${org}; see --tenant`);
    const body = JSON.stringify({ orgID: found.id, name: db, retentionRules: [] });
    await asker.json({ path: '/api/v2/buckets', headers: { 'content-type': 'application/json' }, body });
  }

  /** Without the right to look at the bucket, its retention stays unknown: what is beyond it the target refuses itself. */
  async settings(asker: QueryClient): Promise<DatabaseSettings> {
    const { db, org } = this.#options;
    const question: Question = { path: `/api/v2/buckets?${new URLSearchParams({ org, name: db }).toString()}` };
    const { status, body } = await asker.answer(question);
    if (status !== 200) return defaultDatabaseSettings;
    const { buckets: [bucket] = [] } = JSON.parse(body) as Buckets;
    const seconds = bucket?.retentionRules?.[0]?.everySeconds ?? 0;
    return { ...defaultDatabaseSettings, ttlMs: seconds === 0 ? null : seconds * 1000 };
  }
}
