// What a model cluster is made of, as scenario files write it. Sizes are MiB, times ms.

export const MiB = 2 ** 20;

/** How bytes sent become bytes resident; one set for every cluster, kept in fixtures/scenarios/calibration.json. */
export interface MemoryConstants {
  /** Of a node that holds nothing. */
  readonly baseMiB: number;
  /** Resident bytes per byte that the memory pool counts: skip lists and keys are not counted. */
  readonly perMemcacheByte: number;
  /** Bytes that the pool counts per body byte: a row is a full-width vector of fields, whatever its text. */
  readonly rowsPerBodyByte: number;
  /** Raft log entries that each vnode keeps, whatever their size. */
  readonly ringBodies: number;
  readonly perRingByte: number;
  /** The body, its decoded copy and its columns, while it is worked on. */
  readonly perByteInFlight: number;
}

export interface Service {
  /** Part of each answer that nothing queues for. */
  readonly latencyMs?: number;
  /** Time of one request at one vnode, whatever its size, and the rate of its bytes. */
  readonly fixedMs: number;
  readonly mibPerSecond: number;
  /** Requests that one vnode works on at once; apply is serial: 1. */
  readonly atOnce?: number;
  /** ± share of all of that, the same each time. */
  readonly jitter?: number;
}

/** At `atMs`, and every `everyMs` from then on, one node or all of them change. */
export interface Change {
  readonly atMs: number;
  readonly everyMs?: number;
  readonly node?: number;
  /** Takes so many times as long to answer. */
  readonly slow?: number;
  readonly up?: boolean;
  readonly flushMiBPerSecond?: number;
}

export interface ClusterShape {
  readonly nodes: number;
  readonly shards: number;
  readonly replicas: number;
  /** Share of the bytes that each shard gets; equal unless told: series are few, and their hashes uneven. */
  readonly shares?: readonly number[];
  /** Of the control group each node runs in; more kills it. */
  readonly limitMiB?: number;
  /** Of the pool that memcaches are counted in; more is refused. */
  readonly poolMiB?: number;
  /** MAX_MEMCACHE_SIZE of the database. */
  readonly memcacheMiB: number;
  /** Where rows take more than the calibration's: wide tables. */
  readonly rowsPerBodyByte?: number;
  /** How fast one node writes full memcaches to disk. */
  readonly flushMiBPerSecond: number;
  readonly service: Service;
  /** Every so many MiB loaded the points fall into the next time bucket, with vnodes of its own. */
  readonly bucketMiB?: number;
  /** COMPACT DATABASE is refused, or multiplies service times by this while it runs. */
  readonly compact?: { readonly permitted?: boolean; readonly slows?: number };
  /** Another tenant: his share of the pool rises to `peakMiB` in each period, then is flushed. */
  readonly others?: { readonly periodMs: number; readonly peakMiB: number };
  readonly changes?: readonly Change[];
}
