// Forecast of a node's memory under a load, made before anything is sent. Inputs, database and layout become a plan and
// notices about it.

import { count, plural, size, sizeOption } from '../../core/text.js';
import type { InputPrecision, NodeLayout, Notice, VnodePlacement } from '../../core/types/index.js';
import { unitsPerMs } from '../../core/units.js';
import { bodiesKept, flushMarks, keptBodies, nodePeak, planTarget, type TargetPlan } from './target-plan.js';

/** Options of a load that the forecast depends on. */
export interface ForecastOptions {
  /** Bytes of memory a node may take; null for no limit. */
  readonly targetMemory: number | null;
  readonly batchBytes: number;
  /** True if the load may ask the target to flush. */
  readonly relieve: boolean;
  readonly precision: InputPrecision;
  /** One entry for each endpoint. */
  readonly urls: readonly unknown[];
}

/** Time range and size of the inputs, as far as known. */
export interface InputExtent {
  /** Earliest and latest timestamp in the unit of the input; null if unknown. */
  readonly first: bigint | null;
  readonly last: bigint | null;
  /** Inputs whose timestamps are not all known. */
  readonly unseen: number;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
}

export interface TargetMemoryForecast {
  readonly plan: TargetPlan;
  readonly layout: NodeLayout;
  /** Time buckets of the inputs, as far as known. */
  readonly buckets: number;
  /** Decoded bytes of all inputs; null while unknown. */
  readonly totalBytes: number | null;
}

/** Each vnode is an LMDB map. From about 2,000 on, a node has no address space left and refuses writes (measured on 2.4.3.4). */
const maxVnodes = 2000;

/** Plans for an existing database; with `mayCreate` for one that the load creates. */
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

/** Returns the layout of a database that does not exist yet: its vnodes are spread evenly over the endpoints. */
export function evenLayout({ shard, replica }: VnodePlacement, endpoints: number): NodeLayout {
  const nodes = Math.max(1, Math.min(shard * replica, endpoints));
  return { nodes, vnodesPerNode: Math.ceil((shard * replica) / nodes), from: 'endpoints' };
}

function bucketsOf({ first, last }: InputExtent, vnodeDurationMs: number | null, precision: InputPrecision): number {
  if (first === null || last === null || vnodeDurationMs === null || vnodeDurationMs <= 0) return 1;
  const bucket = (time: bigint): number => Math.floor(Number(time) / unitsPerMs[precision] / vnodeDurationMs);
  return Math.max(1, bucket(last) - bucket(first) + 1);
}

/** Lists the notices about a forecast, the plan itself first. */
export function forecastNotices(
  options: ForecastOptions,
  { plan, layout, buckets, totalBytes }: TargetMemoryForecast,
  { unseen }: InputExtent,
  version: string | null,
): Notice[] {
  const { nodes, from } = layout;
  const endpoints = options.urls.length;
  const warnings = [
    plan.holds ? null : cannotHold(options, plan, buckets),
    from === 'replicas' && nodes > endpoints
      ? `${plural(endpoints, 'URL')} for ${nodes} nodes (SHOW REPLICAS): a load balancer, or nodes without a --url; ` +
        'gauges cover only a part of the nodes, so unflushed rows are counted from acknowledgements'
      : null,
    plan.vnodes < maxVnodes ? null : tooManyVnodes(plan, buckets),
    knownDefect(version),
  ];
  const notices = warnings.flatMap((message): Notice[] =>
    message === null ? [] : [{ level: 'warn', kind: message, message }],
  );
  const planned = planNotice(options, plan, buckets, unseen);
  const quiet = planned.level === 'info' && !binds(options, plan, totalBytes);
  return [quiet ? { ...planned, level: 'debug' } : planned, ...notices];
}

/** True if the plan reduces request bodies or expects a flush during the load, as far as the inputs are known. */
function binds({ batchBytes }: ForecastOptions, { bodyBytes, flush }: TargetPlan, totalBytes: number | null): boolean {
  return bodyBytes < batchBytes || (flush !== null && totalBytes !== null && totalBytes > flush.dueBytes);
}

function planNotice({ relieve }: ForecastOptions, plan: TargetPlan, buckets: number, unseen: number): Notice {
  const { limitBytes, peakBytes, bodyBytes, flush, vnodes, memcacheBytes } = plan;
  const kind = 'target-plan';
  const atLeast = unseen > 0 ? 'at least ' : '';
  const where = `${plural(vnodes, 'vnode')} of the database on the fullest node, ${atLeast}${plural(buckets, 'time bucket')}`;
  if (limitBytes === null) {
    const message =
      `about ${size(peakBytes)} of memory per node will be needed (${where}), and nothing limits it: ` +
      '--target-memory is off; a size there keeps request bodies small and flushes caches in time';
    return { level: 'warn', kind, message };
  }
  const flushing = flush === null ? '' : `, a flush at ${size(flush.dueBytes)} of unflushed rows on a node`;
  const created = memcacheBytes === null ? '' : `, created with MAX_MEMCACHE_SIZE '${sizeOption(memcacheBytes)}'`;
  const never = relieve ? '' : ', no flushes (--no-relieve)';
  const message =
    `target memory: about ${size(peakBytes)} of ${size(limitBytes)} per node, including 110 MiB of an idle node ` +
    `(${where}): request bodies of at most ${size(bodyBytes)}${flushing}${created}${never}`;
  return { level: 'info', kind, message };
}

function cannotHold({ relieve }: ForecastOptions, plan: TargetPlan, buckets: number): string {
  const fixes = [
    relieve ? null : 'allow flushes (no --no-relieve)',
    'fewer shards',
    buckets > 1 ? 'a longer VNODE_DURATION' : null,
    'more nodes',
    `--target-memory ${sizeOption(Math.max(plan.leastBytes, plan.peakBytes))} if the nodes have it`,
    relieve ? '--stage 1GiB, to wait for flushes in between' : null,
  ];
  return (
    `no setting keeps a node within --target-memory ${size(plan.limitBytes ?? 0)}: it needs at least ${size(plan.leastBytes)}, because ` +
    `each of the ${count(plan.vnodes)} vnodes on the fullest node retains its last ${bodiesKept} request bodies; ` +
    `what helps: ${fixes.filter((each) => each !== null).join(', ')}`
  );
}

/** Explains the rate that --target-memory allows, and the limit that would double it. */
export function pacingMessage(
  { plan, buckets, totalBytes }: TargetMemoryForecast,
  bodyBytes: number,
  bytesPerSecond: number,
): string {
  const limit = plan.limitBytes ?? 0;
  const kept = keptBodies(bodyBytes, plan.share, buckets, totalBytes);
  const { holdBytes } = flushMarks(limit, kept);
  return (
    `--target-memory ${size(limit)} lets about ${Math.round(bytesPerSecond / 1e6)} MB/s through: flushes are at least 2s apart, and beside the last ` +
    `${bodiesKept} request bodies of ${size(bodyBytes)} a node has room for ${size(holdBytes)} of rows; the target is faster than that, and ` +
    `--target-memory ${sizeOption(nodePeak(kept, 2 * holdBytes))} would let twice as much through, if the nodes have it`
  );
}

function tooManyVnodes({ vnodes }: TargetPlan, buckets: number): string {
  return (
    `the inputs span ${count(buckets)} time buckets, which makes ${count(vnodes)} vnodes on one node; with about ${count(maxVnodes)} vnodes a node has no ` +
    "address space left and refuses writes; load into a database with a longer VNODE_DURATION (ALTER DATABASE … SET VNODE_DURATION '365d' " +
    'before the load) or with fewer shards'
  );
}

/** Versions that run out of memory under loads, from CnosDB's issues. A server reports three numbers of its version. */
const defects: readonly { readonly below: string; readonly from: string; readonly what: string }[] = [
  {
    from: '0.0.0',
    below: '2.3.2',
    what: 'sizes its memory pool wrongly when started with --cpu (issue 1109); 2.3.2 fixes it',
  },
  {
    from: '2.3.2',
    below: '2.4.0',
    what: 'takes much memory to flush and compact (pull requests 2174, 2178); 2.3.5.3 fixes it',
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
