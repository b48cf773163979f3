// Forecasts the memory of a node before anything is sent. Plans with the inputs, the database, and the placement of its
// vnodes on nodes. Builds the notices about this plan.

import type { Problem } from '../../core/problem.js';
import { compareVersions, count, plural, size, sizeOption } from '../../core/text.js';
import type {
  InputPrecision,
  NodeLayout,
  Notice,
  SampledRows,
  TimestampRange,
  VnodePlacement,
} from '../../core/types/index.js';
import { unitsPerMs } from '../../core/units.js';
import { baseOf, type WrittenBuckets } from './node-base.js';
import { seriesOf, weightOf } from './planned-rows.js';
import { leastWith, mostBuckets, planTarget, type TargetPlan, type TargetPlanRequest } from './target-plan.js';

/** Options of a load that the forecast depends on. */
export interface ForecastOptions {
  /** Memory limit of a node, bytes; null for no limit. */
  readonly targetMemory: number | null;
  readonly batchBytes: number;
  /** True if the load may ask the target to flush. */
  readonly relieve: boolean;
  /** Largest number of writers. With one writer, points with the same series and time are not joined into one row. */
  readonly workers: number;
  readonly precision: InputPrecision;
  /** List with one entry for each endpoint. */
  readonly urls: readonly unknown[];
}

/** Times and size of the inputs, as far as they are known. */
export interface InputExtent {
  /** Ascending time ranges that contain points, in the time unit of the input; empty if unknown. */
  readonly spans: readonly TimestampRange[];
  /** Number of inputs whose timestamps are not all known. */
  readonly unseen: number;
  /** Size of all inputs as line protocol, in bytes; null while unknown. */
  readonly totalBytes: number | null;
  /** Sampled lines; absent if no line was sampled. */
  readonly rows?: SampledRows | undefined;
}

export interface TargetMemoryForecast {
  readonly plan: TargetPlan;
  /** Sufficient memory limit of a node, bytes: a load that is planned with this limit stays within it. */
  readonly neededBytes: number;
  readonly layout: NodeLayout;
  /** Number of time buckets of the inputs, as far as they are known. */
  readonly buckets: number;
  /** Buckets of the database before the load; null if unknown. */
  readonly existing: ReadonlySet<number> | null;
  readonly shards: number;
  /** Length of a time bucket, ms; null if the database has a single time bucket. */
  readonly bucketMs: number | null;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
}

/** From this number of series per time bucket on, messages mention series. */
const manySeries = 5_000;

/** Smallest size of a point, bytes. Inputs cannot have more time buckets than points. */
const leastPointBytes = 16;

/**
 * Largest number of vnodes on a node. Each vnode is an LMDB map; about 2,000 maps use up the address space (measured on
 * 2.4.3.4).
 */
const maxVnodes = 2000;

/** Forecasts the memory for an existing database; with `mayCreate`, for a database that the load creates. */
export function forecastTargetMemory(
  options: ForecastOptions,
  place: VnodePlacement,
  layout: NodeLayout,
  times: InputExtent,
  mayCreate = false,
): TargetMemoryForecast {
  const { shard: shards, vnodeDurationMs: bucketMs } = place;
  const maxPoints = Math.ceil((times.totalBytes ?? Number.POSITIVE_INFINITY) / leastPointBytes);
  const buckets = Math.max(1, Math.min(bucketsOf(times.spans, bucketMs, options.precision), maxPoints));
  const existing = existingBuckets(layout, bucketMs);
  const request: TargetPlanRequest = {
    targetMemoryBytes: options.targetMemory,
    ...place,
    ...layout,
    buckets,
    batchBytes: options.batchBytes,
    totalBytes: times.totalBytes,
    ...weightOf(times, options),
    perBucket: seriesOf(times, buckets),
    mayCreate,
    mayFlush: options.relieve,
  };
  const plan = planTarget(request);
  return {
    plan,
    neededBytes: neededMemory(request, plan),
    layout,
    buckets,
    existing,
    shards,
    bucketMs,
    totalBytes: times.totalBytes,
  };
}

/**
 * Returns a memory limit that is large enough for the plan with this limit. Plans again with each higher limit, because
 * a higher limit allows larger request bodies, which raise the peak.
 */
function neededMemory(request: TargetPlanRequest, { holds, leastBytes, peakBytes }: TargetPlan): number {
  const needed = Math.max(leastBytes, peakBytes);
  return holds ? needed : neededMemory(request, planTarget({ ...request, targetMemoryBytes: needed }));
}

/** Returns the layout of a database that does not exist yet: its vnodes are spread evenly over the endpoints. */
export function evenLayout({ shard, replica }: VnodePlacement, endpoints: number): NodeLayout {
  const nodes = Math.max(1, Math.min(shard * replica, endpoints));
  return { nodes, vnodesPerNode: Math.ceil((shard * replica) / nodes), from: 'endpoints' };
}

/** Counts the time buckets that ascending spans cover. */
function bucketsOf(spans: readonly TimestampRange[], bucketMs: number | null, precision: InputPrecision): number {
  if (bucketMs === null) return 1;
  const bucket = (time: bigint): number => Math.floor(Number(time) / unitsPerMs[precision] / bucketMs);
  let count = 0;
  let counted = Number.NEGATIVE_INFINITY;
  for (const { first, last } of spans) {
    count += Math.max(0, bucket(last) - Math.max(counted, bucket(first) - 1));
    counted = Math.max(counted, bucket(last));
  }
  return count;
}

function existingBuckets({ bucketStarts }: NodeLayout, bucketMs: number | null): ReadonlySet<number> | null {
  if (bucketStarts === undefined) return null;
  return new Set(bucketStarts.map((start) => (bucketMs === null ? 0 : Math.round(start / bucketMs))));
}

/** Lists the notices about a forecast. The first notice describes the memory plan. */
export function forecastNotices(
  options: ForecastOptions,
  { plan, layout, buckets }: TargetMemoryForecast,
  { unseen }: InputExtent,
  version: string | null,
): Notice[] {
  const { nodes, from } = layout;
  const endpoints = options.urls.length;
  const warnings = [
    from === 'replicas' && nodes > endpoints
      ? `--url names ${plural(endpoints, 'endpoint')}, but SHOW REPLICAS lists ${nodes} nodes. Either an endpoint is a load balancer, or --url does not name every node. ` +
        'bulk-load cannot read the memory of at least one node, so it estimates unflushed rows from acknowledged writes'
      : null,
    plan.vnodes < maxVnodes ? null : tooManyVnodes(plan, buckets),
    knownDefect(version),
  ];
  const notices = warnings.flatMap((message): Notice[] =>
    message === null ? [] : [{ level: 'warn', kind: message, message }],
  );
  const planned = planNotice(options, plan, buckets, unseen);
  const quiet = planned.level === 'info' && !binds(options, plan);
  return [quiet ? { ...planned, level: 'debug' } : planned, ...notices];
}

/**
 * Returns true if the plan reduces request bodies or expects a flush. A plan for inputs of unknown size never expects a
 * flush.
 */
function binds({ batchBytes }: ForecastOptions, { bodyBytes, flush, rowBytes }: TargetPlan): boolean {
  return bodyBytes < batchBytes || (flush !== null && rowBytes !== null && rowBytes > flush.dueBytes);
}

function planNotice({ relieve }: ForecastOptions, plan: TargetPlan, buckets: number, unseen: number): Notice {
  const { limitBytes, baseBytes, peakBytes, bodyBytes, flush, vnodes, memcacheBytes } = plan;
  const kind = 'target-plan';
  const atLeast = unseen > 0 ? 'at least ' : '';
  const where = `${atLeast}${plural(vnodes, 'vnode')} in ${atLeast}${plural(buckets, 'time bucket')}`;
  if (limitBytes === null) {
    const message =
      `the fullest node, with ${where}, will need about ${size(peakBytes)} of memory, and --target-memory is off; ` +
      'with --target-memory SIZE, bulk-load keeps request bodies small and makes nodes flush in time';
    return { level: 'warn', kind, message };
  }
  const flushing =
    flush === null ? '' : `; the load requests a flush when a node has ${size(flush.dueBytes)} of unflushed rows`;
  const created =
    memcacheBytes === null
      ? ''
      : `; the load creates the database with MAX_MEMCACHE_SIZE '${sizeOption(memcacheBytes)}'`;
  const never = relieve ? '' : '; the load does not request flushes (--no-relieve)';
  const message =
    `target memory: --target-memory allows ${size(limitBytes)}; the fullest node will use about ${size(peakBytes)}: ` +
    `${size(baseBytes)} for the process of the node (with ${where}), and ${size(Math.max(0, peakBytes - baseBytes))} for rows and request bodies. ` +
    `Each request body has at most ${size(bodyBytes)}${flushing}${created}${never}`;
  return { level: 'info', kind, message };
}

/** Explains why no settings keep a node within --target-memory; null if the planned settings keep it there. */
export function forecastProblem(forecast: TargetMemoryForecast): Problem | null {
  const { plan, buckets } = forecast;
  return plan.holds ? null : tooLittleMemory(forecast, buckets, forecast.neededBytes);
}

/**
 * Explains why the load cannot write to `more` new time buckets within --target-memory. Takes into account the time
 * buckets and series that the load has sent so far. Returns null if the load can continue.
 */
export function problemSoFar(
  forecast: TargetMemoryForecast,
  more: number,
  { bucketCount, reopened }: WrittenBuckets,
  { least, fields }: { readonly least: number; readonly fields: number },
): Problem | null {
  const { plan } = forecast;
  const buckets = bucketCount + more;
  const perBucket = { series: (plan.share * least) / Math.max(1, buckets), fields, reopened };
  const seen = { ...plan, perBucket };
  if (plan.limitBytes === null || leastWith(seen, buckets) <= Math.max(plan.limitBytes, plan.peakBytes)) return null;
  return tooLittleMemory({ ...forecast, plan: seen }, buckets);
}

/** Explains that a load over `buckets` time buckets needs more than --target-memory. */
function tooLittleMemory(
  { plan, layout, bucketMs }: TargetMemoryForecast,
  buckets: number,
  neededBytes = leastWith(plan, buckets),
): Problem {
  const limit = plan.limitBytes ?? 0;
  const vnodes = plan.vnodesPerBucket * buckets;
  const { perBucket } = plan;
  const base = baseOf(plan.vnodesPerBucket, perBucket, buckets);
  const series =
    perBucket.series < manySeries ? '' : ` with about ${count(Math.round(perBucket.series * buckets))} series`;
  const fits = mostBuckets(plan);
  const days = fits < 1 || bucketMs === null ? null : Math.ceil((buckets * bucketMs) / 86_400_000 / fits);
  const fixes = [
    `--target-memory ${sizeOption(neededBytes)} if the nodes have enough memory`,
    plan.flush === null ? 'flushes (leave out --no-relieve)' : null,
    buckets > 1 && days !== null ? `a database with VNODE_DURATION '${days}d' or longer` : null,
    plan.vnodesPerBucket > 1 ? 'fewer shards' : null,
    layout.nodes < 2 ? null : 'more nodes',
  ];
  return {
    tried: `planning the memory of a node for ${plural(vnodes, 'vnode')} (${plural(buckets, 'time bucket')})`,
    expected: `at most --target-memory ${size(limit)}`,
    found: `at least ${size(neededBytes)}: an idle node and its vnodes${series} take ${size(base)}, and rows and request bodies need the rest`,
    fix: `use ${fixes.filter((each) => each !== null).join(', or ')}`,
  };
}

function tooManyVnodes({ vnodes }: TargetPlan, buckets: number): string {
  return (
    `the inputs span ${count(buckets)} time buckets, so one node will have ${count(vnodes)} vnodes. With more than about ${count(maxVnodes)} vnodes, a node runs out of ` +
    "address space and refuses writes. Load into a database with a longer VNODE_DURATION (ALTER DATABASE … SET VNODE_DURATION '365d' " +
    'before the load) or with fewer shards'
  );
}

/**
 * CnosDB versions that run out of memory, according to the issues of CnosDB. A server reports only the first three
 * numbers of its version.
 */
const defects: readonly { readonly below: string; readonly from: string; readonly what: string }[] = [
  {
    from: '0.0.0',
    below: '2.3.2',
    what: 'sizes its memory pool wrongly when started with --cpu (issue 1109); 2.3.2 fixes this defect',
  },
  {
    from: '2.3.2',
    below: '2.4.0',
    what: 'takes much memory to flush and compact (pull requests 2174, 2178); 2.3.5.3 fixes this defect',
  },
  { from: '2.4.0', below: '2.4.2', what: 'takes more and more memory during a load (issue 2129); 2.4.3 improves this' },
  { from: '2.4.2', below: '2.4.3', what: 'runs out of memory on wide points (issue 2230); 2.4.3 improves this' },
];

function knownDefect(version: string | null): string | null {
  if (version === null) return null;
  const before = (other: string): boolean => compareVersions(version, other) < 0;
  const found = defects.find(({ from, below }) => !before(from) && before(below));
  return found === undefined
    ? null
    : `CnosDB ${version} ${found.what}; until you upgrade, use small values of --batch-bytes and --workers`;
}
