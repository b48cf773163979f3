// The description of a model cluster in scenario files. Sizes are MiB, times ms.

export const MiB = 2 ** 20;

/** Constants that turn sent bytes into resident bytes, the same for every cluster: fixtures/scenarios/calibration.json. */
export interface MemoryConstants {
  /** Resident memory of an empty node. */
  readonly baseMiB: number;
  /** Of a vnode, beside its rows and bodies. */
  readonly perVnodeMiB: number;
  /** Resident bytes per byte that the memory pool counts: skip lists and keys are not counted. */
  readonly perMemcacheByte: number;
  /** Bytes that the pool counts per body byte: a row is a full-width vector of fields, whatever its text. */
  readonly rowsPerBodyByte: number;
  /** Raft log entries that each vnode keeps, whatever their size. */
  readonly ringBodies: number;
  readonly perRingByte: number;
  /** Bytes per body byte in work: the body, its decoded copy and its columns. */
  readonly perByteInFlight: number;
}

export interface Service {
  /** Part of each response time that no other request waits for. */
  readonly latencyMs?: number;
  /** Time of one request at one vnode, whatever its size, and the rate of its bytes. */
  readonly fixedMs: number;
  readonly mibPerSecond: number;
  /** Requests that one vnode works on at once; apply is serial: 1. */
  readonly atOnce?: number;
  /** Random share by which these times vary, the same in every run. */
  readonly jitter?: number;
}

/** A change of one node or of all at `atMs`, and every `everyMs` from then on. */
export interface Change {
  readonly atMs: number;
  readonly everyMs?: number;
  readonly node?: number;
  /** Factor of the response time. */
  readonly slow?: number;
  readonly up?: boolean;
  readonly flushMiBPerSecond?: number;
}

export interface ClusterShape {
  readonly nodes: number;
  readonly shards: number;
  readonly replicas: number;
  /** Share of the bytes that each shard gets; equal by default. A few series hash unevenly. */
  readonly shares?: readonly number[];
  /** Memory limit of the cgroup of each node; more kills the node. */
  readonly limitMiB?: number;
  /** Limit of the pool that counts memcaches; a write beyond it is refused. */
  readonly poolMiB?: number;
  /** MAX_MEMCACHE_SIZE of the database. */
  readonly memcacheMiB: number;
  /** Replaces the constant of the calibration for wide tables, whose rows take more. */
  readonly rowsPerBodyByte?: number;
  /** Bytes that a vnode retains for each byte of a body; 1 by default, more if points leave fields of their table unset. */
  readonly retainedPerBodyByte?: number;
  /** Rate at which one node writes full memcaches to disk. */
  readonly flushMiBPerSecond: number;
  readonly service: Service;
  /** MiB loaded after which points fall into the next time bucket, which has its own vnodes. */
  readonly bucketMiB?: number;
  /** COMPACT DATABASE is refused, or multiplies service times by this while it runs. */
  readonly compact?: { readonly permitted?: boolean; readonly slows?: number };
  /** Another tenant, whose share of the pool rises to `peakMiB` in each period and is flushed then. */
  readonly others?: { readonly periodMs: number; readonly peakMiB: number };
  readonly changes?: readonly Change[];
}
