// Forecast of a node's memory under a load, made before anything is sent: inputs, database and layout become a plan and
// notices about it.

import type { InputPrecision, NodeLayout, Notice, VnodePlacement } from '../../core/types/index.js';
import { formatBytes, unitsPerMs } from '../../core/units.js';
import { bodiesKept, flushMarks, keptBodies, nodePeak, planTarget, type TargetPlan } from './target-plan.js';

/** Options of a load that the forecast depends on. */
export interface ForecastOptions {
  /** Bytes of memory a node may take; null for no limit. */
  readonly targetMemory: number | null;
  readonly batchBytes: number;
  /** Whether the load may ask the target to flush. */
  readonly relieve: boolean;
  readonly precision: InputPrecision;
  /** One entry for each endpoint. */
  readonly urls: readonly unknown[];
}

/** Time range and size of the inputs, as far as they were looked at. */
export interface InputExtent {
  /** Earliest and latest timestamp in the unit of the input; null if unknown. */
  readonly first: bigint | null;
  readonly last: bigint | null;
  /** Inputs that were not looked at in full. */
  readonly unseen: number;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
}

export interface TargetMemoryForecast {
  readonly plan: TargetPlan;
  readonly layout: NodeLayout;
  /** Time buckets that the inputs touch, as far as they were seen. */
  readonly buckets: number;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
}

/** An LMDB map each: from about 2,000 on a node runs out of address space and refuses writes (measured on 2.4.3.4). */
const mostVnodes = 2000;

/** Plans for a database that is there; `mayCreate`: for one that is about to be made. */
export function forecastTargetMemory(
  options: ForecastOptions,
  place: VnodePlacement,
  layout: NodeLayout,
  times: InputExtent,
  mayCreate = false,
): TargetMemoryForecast {
  const buckets = bucketsOf(times, place.vnodeDurationMs, options.precision);
  const { targetMemory, batchBytes, relieve } = options;
  const plan = planTarget({
    targetMemoryBytes: targetMemory,
    ...place,
    ...layout,
    buckets,
    batchBytes,
    totalBytes: times.totalBytes,
    mayCreate,
    mayFlush: relieve,
  });
  return { plan, layout, buckets, totalBytes: times.totalBytes };
}

/** Layout of a database that does not exist yet: its vnodes spread evenly over the endpoints. */
export function evenLayout({ shard, replica }: VnodePlacement, endpoints: number): NodeLayout {
  const nodes = Math.max(1, Math.min(shard * replica, endpoints));
  return { nodes, vnodesPerNode: Math.ceil((shard * replica) / nodes), from: 'endpoints' };
}

function bucketsOf({ first, last }: InputExtent, durationOfVnode: number | null, precision: InputPrecision): number {
  if (first === null || last === null || durationOfVnode === null || durationOfVnode <= 0) return 1;
  const bucket = (time: bigint): number => Math.floor(Number(time) / unitsPerMs[precision] / durationOfVnode);
  return Math.max(1, bucket(last) - bucket(first) + 1);
}

/** What a person should know before anything is sent; the plan itself comes first. */
export function forecastNotices(
  options: ForecastOptions,
  { plan, layout, buckets }: TargetMemoryForecast,
  { unseen }: InputExtent,
  version: string | null,
): Notice[] {
  const { nodes, from } = layout;
  const endpoints = options.urls.length;
  const warnings = [
    plan.holds ? null : cannotHold(options, plan, buckets),
    from === 'replicas' && nodes > endpoints
      ? `${endpoints} URL${endpoints > 1 ? 's' : ''} for ${nodes} nodes (SHOW REPLICAS): behind a load balancer, or not all named; ` +
        'what the nodes have unflushed is counted from acknowledgements, their own gauges show only a part of it'
      : null,
    plan.vnodes < mostVnodes ? null : tooManyVnodes(plan, buckets),
    knownDefect(version),
  ];
  const told = warnings.flatMap((message): Notice[] =>
    message === null ? [] : [{ level: 'warn', kind: message, message }],
  );
  return [planned(options, plan, buckets, unseen), ...told];
}

function planned({ relieve }: ForecastOptions, plan: TargetPlan, buckets: number, unseen: number): Notice {
  const { limitBytes, peakBytes, bodyBytes, flush, vnodes, memcacheBytes } = plan;
  const kind = 'target-plan';
  const where = `${vnodes} vnode${vnodes === 1 ? '' : 's'} of the database on the fullest node, ${unseen > 0 ? 'at least ' : ''}${buckets} time bucket${buckets === 1 ? '' : 's'}`;
  if (limitBytes === null) {
    const message =
      `about ${formatBytes(peakBytes)} of memory per node will be needed (${where}), and nothing keeps it there: ` +
      '--target-memory is off; name what a node may take to have bodies kept small and caches flushed in time';
    return { level: 'warn', kind, message };
  }
  const flushing =
    flush === null ? '' : `, a flush is asked for at ${formatBytes(flush.dueBytes)} of unflushed rows on a node`;
  const created = memcacheBytes === null ? '' : `, created with MAX_MEMCACHE_SIZE '${memcacheBytes / 1024 ** 2}MiB'`;
  const never = relieve ? '' : ', no flush is ever asked for (--no-relieve)';
  const message =
    `target memory: about ${formatBytes(peakBytes)} of ${formatBytes(limitBytes)} per node, the 110 MiB of an idle one included ` +
    `(${where}): bodies of at most ${formatBytes(bodyBytes)}${flushing}${created}${never}`;
  return { level: 'info', kind, message };
}

function cannotHold({ relieve }: ForecastOptions, plan: TargetPlan, buckets: number): string {
  const helps = [
    relieve ? null : 'allow flushes (no --no-relieve)',
    'fewer shards',
    buckets > 1 ? 'a longer VNODE_DURATION' : null,
    'more nodes',
    `--target-memory ${Math.ceil(Math.max(plan.leastBytes, plan.peakBytes) / 1024 ** 2)}MiB if the nodes have it`,
    relieve ? '--stage 1GiB, to wait for flushes in between' : null,
  ];
  return (
    `no setting keeps a node within --target-memory ${formatBytes(plan.limitBytes ?? 0)}: about ${formatBytes(plan.leastBytes)} is the least, since ` +
    `each of the ${plan.vnodes} vnodes on the fullest node keeps its last 256 request bodies; ` +
    `what helps: ${helps.filter((each) => each !== null).join(', ')}`
  );
}

/** What --target-memory lets through where nothing else holds the load back, and what twice as much would take. */
export function pacingMessage(
  { plan, buckets, totalBytes }: TargetMemoryForecast,
  bodyBytes: number,
  bytesPerSecond: number,
): string {
  const limit = plan.limitBytes ?? 0;
  const kept = keptBodies(bodyBytes, plan.share, buckets, totalBytes);
  const { holdBytes } = flushMarks(limit, kept);
  return (
    `--target-memory ${formatBytes(limit)} lets about ${Math.round(bytesPerSecond / 1e6)} MB/s through: flushes are 2s apart at least, and beside the last ` +
    `${bodiesKept} bodies of ${formatBytes(bodyBytes)} a node has room for ${formatBytes(holdBytes)} of rows; the target answers faster than that, and ` +
    `--target-memory ${Math.ceil(nodePeak(kept, 2 * holdBytes) / 1024 ** 2)}MiB would let twice as much through, if the nodes have it`
  );
}

function tooManyVnodes({ vnodes }: TargetPlan, buckets: number): string {
  return (
    `the inputs span ${buckets} time buckets, which makes ${vnodes} vnodes on one node: from about ${mostVnodes} on it runs out of address ` +
    "space and refuses writes; load into a database with a longer VNODE_DURATION (ALTER DATABASE … SET VNODE_DURATION '365d' before " +
    'the load) or fewer shards'
  );
}

/** Versions that are known to run out of memory under loads, from CnosDB's issues; three numbers is all a server tells. */
const defects: readonly { readonly below: string; readonly from: string; readonly what: string }[] = [
  {
    from: '0.0.0',
    below: '2.3.2',
    what: 'sizes its memory pool wrongly when started with --cpu (issue 1109); 2.3.2 mends it',
  },
  {
    from: '2.3.2',
    below: '2.4.0',
    what: 'takes much memory to flush and compact (pull requests 2174, 2178); 2.3.5.3 mends it',
  },
  { from: '2.4.0', below: '2.4.2', what: 'grows under loads until it is killed (issue 2129); 2.4.3 is better' },
  { from: '2.4.2', below: '2.4.3', what: 'runs out of memory on wide points (issue 2230); 2.4.3 is better' },
];

function knownDefect(version: string | null): string | null {
  if (version === null) return null;
  const before = (other: string): boolean => version.localeCompare(other, 'en', { numeric: true }) < 0;
  const found = defects.find(({ from, below }) => !before(from) && before(below));
  return found === undefined
    ? null
    : `CnosDB ${version} ${found.what}; until then keep --batch-bytes and --workers low`;
}
