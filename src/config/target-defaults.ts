// What the kinds of target take of the options, and what those are where nobody says: the one place where settings differ
// by target.

import { type NameLimits, strictestNameLimits, type TargetKind } from '../core/types/index.js';

interface Traits {
  /** Where nobody says; as the user would write them. */
  readonly url: string;
  readonly targetMemory: string;
  readonly user: string;
  readonly tenant: string;
  readonly relieve: boolean;
  readonly zstd: boolean;
  readonly names: NameLimits;
  /** Options that mean nothing to it, with what to do instead. */
  readonly without: Readonly<Record<string, string>>;
}

const noFlushes =
  'it has no request for that, and holds its memory itself; see --workers, --batch-bytes and --rate-points';
const memory = { targetMemory: noFlushes, relieve: noFlushes, stage: noFlushes };
const others = { user: '', tenant: '', targetMemory: 'off', relieve: false, zstd: false } as const;
const names: NameLimits = { seriesKeyBytes: 65_535, slashes: true };
const noUser = { user: 'sign in with --token', password: 'sign in with --token', passwordFile: 'sign in with --token' };

export const targets: Readonly<Record<TargetKind, Traits>> = {
  cnosdb: {
    url: 'http://localhost:8902',
    user: 'root',
    tenant: 'cnosdb',
    targetMemory: '512MiB',
    relieve: true,
    zstd: true,
    names: strictestNameLimits,
    without: { token: 'sign in with --user and --password' },
  },
  influxdb1: {
    ...others,
    url: 'http://localhost:8086',
    names,
    without: { ...memory, tenant: 'there are none' },
  },
  influxdb2: {
    ...others,
    url: 'http://localhost:8086',
    names,
    without: {
      ...memory,
      ...noUser,
      dbOptions: 'buckets are created as they are by default',
      verify: 'nothing reads it back',
    },
  },
  influxdb3: {
    ...others,
    url: 'http://localhost:8181',
    names,
    without: {
      ...memory,
      ...noUser,
      tenant: 'there are none',
      dbOptions: 'databases are created as they are by default',
      verify: 'nothing reads it back',
    },
  },
  victoriametrics: {
    ...others,
    url: 'http://localhost:8428',
    names,
    without: {
      ...memory,
      tenant: 'there are none; that of a cluster is part of the URL',
      createDb: 'the database is a label there; nothing has to be created',
      dbOptions: 'the database is a label there; nothing has to be created',
    },
  },
};
