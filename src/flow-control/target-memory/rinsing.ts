// Rinses the raft caches of the target, in which each vnode retains its newest 256 bodies: 256 small writes push large
// bodies out of a cache. A rinse repeats acknowledged points, so it does not change the stored data.

import { RefusedError } from '../../core/errors.js';
import { shortestField } from '../../core/points/line-protocol.js';
import { plural, size } from '../../core/text.js';
import { abortWith } from '../../core/time/wait-stats.js';
import type {
  Batch,
  BodyPart,
  BucketPart,
  Clock,
  MemoryEvent,
  MemoryLog,
  Notice,
  Verdict,
} from '../../core/types/index.js';
import { bodiesKept, type RaftCaches } from './raft-caches.js';

/** Longest body of a rinsing write, bytes. `maxBuckets`: largest number of time buckets in such a body. */
const maxBodyBytes = 32 * 1024;
const maxBuckets = 64;
/** Number of rinsing writes in flight. */
const writers = 4;
const retryMs = 1_000;
/** Smallest number of bytes that a rinse must free. Freeing less is not worth 256 writes. */
const minGainBytes = 8 * 1024 * 1024;
/** Longest point that a rinse repeats, bytes. */
const maxPointBytes = 16 * 1024;
/** Bytes that the plan reserves in each vnode for one rinsing write: 0.5 MiB for 256 writes. */
const plannedBytes = 2048;
/** Number of points at the end of a batch's part that are searched for one point of each shard. */
const searchedPoints = 256;

/**
 * Bytes of bodies that the fullest node retains: a rinse begins at `dueBytes` and ends at `restBytes`; sending waits at
 * `holdBytes`.
 */
export interface RinseMarks {
  readonly dueBytes: number;
  readonly holdBytes: number;
  readonly restBytes: number;
}

/** Divides `dueBytes` and `restBytes` by the number of senders, because all senders fill the same caches. */
export function partOf(marks: RinseMarks | null, senders: number): RinseMarks | null {
  return marks && { ...marks, dueBytes: marks.dueBytes / senders, restBytes: marks.restBytes / senders };
}

export interface RinsingOptions {
  readonly caches: RaftCaches;
  /** Returns the thresholds at this moment; null if rinses are not needed. */
  readonly marks: () => RinseMarks | null;
  /** Number of shards of each time bucket. */
  readonly shards: number;
  /** Returns the time bucket of a point and its shard, 0 to `shards` - 1. */
  readonly placeOf: (point: Uint8Array) => { readonly bucket: number; readonly shard: number };
  /** True if one writer sends all batches. Then a rinse must not overwrite a later value of a point. */
  readonly ordered: boolean;
  /** Sends points again. The promise never rejects. */
  readonly send: (body: Uint8Array) => Promise<Verdict>;
  /** Called after each acknowledged write, with its time buckets and the bytes of its rows. */
  readonly rewritten: (parts: readonly BodyPart[], rowBytes: number) => void;
  /** Decides which worker of a fleet rinses, and shares the points to repeat. Null for one machine. */
  readonly log: MemoryLog | null;
  /** Ends the run with an error. */
  readonly end: (error: RefusedError) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly notify: (notice: Notice) => void;
}

/** Sampled points of a time bucket: one point for each shard, as base64 text. */
export type SampleText = Pick<Extract<MemoryEvent, { kind: 'sample' }>, 'points' | 'rowBytes'>;

/** The newest acknowledged point of each shard of a time bucket. */
interface BucketSample {
  readonly points: readonly (Uint8Array | undefined)[];
  /** Bytes of all points. */
  readonly bytes: number;
  /** Mean bytes of a row in the target's memory. A row has an entry for each field of its table, even if unset. */
  readonly rowBytes: number;
}

export class Rinsing {
  readonly #options: RinsingOptions;
  readonly #samples = new Map<number, BucketSample>();
  /** Stops a running rinse. */
  readonly #stop: AbortController;
  #running: Promise<void> | null = null;
  #count = 0;
  /** Reason why rinses ended; null while they continue. */
  #givenUp: string | null = null;

  constructor(options: RinsingOptions) {
    this.#options = options;
    this.#stop = abortWith(options.signal);
  }

  /** Stops a running rinse. Writes in flight complete. */
  close(): void {
    this.#stop.abort();
  }

  /** Number of rinsed time buckets. */
  get count(): number {
    return this.#count;
  }

  /** Stores the last points of a batch for later rinses. The batch must be acknowledged completely. */
  remember(batch: Batch, rowBytes: number): void {
    if (this.#options.marks() === null) return;
    for (const part of batch.buckets) {
      const points = [...(this.#samples.get(part.bucket)?.points ?? [])];
      const known = points.filter((point) => point !== undefined).length;
      // The workers of a fleet share one acknowledged point of each shard. A rinse can always repeat this point.
      if (this.#options.log !== null && known === this.#options.shards) continue;
      for (const { shard, bytes } of lastPoints(batch, part, this.#options)) points[shard] = shortestField(bytes);
      const sample = sampleOf(points, rowBytes);
      if (points.length > 0) this.#samples.set(part.bucket, sample);
      if (points.filter((point) => point !== undefined).length > known)
        this.#options.log?.append({ kind: 'sample', bucket: part.bucket, ...textOf(sample) });
    }
  }

  /** Stores acknowledged points of a time bucket from another worker. */
  learn(bucket: number, { points, rowBytes }: SampleText): void {
    const own = this.#samples.get(bucket)?.points ?? [];
    const all = points.map((text, shard) => (text === null ? own[shard] : Buffer.from(text, 'base64')));
    this.#samples.set(bucket, sampleOf(all, rowBytes));
  }

  /** Returns the points of all time buckets, for `learn`. */
  save(): (readonly [bucket: number, sample: SampleText])[] {
    return [...this.#samples].map(([bucket, sample]) => [bucket, textOf(sample)]);
  }

  /** Begins a due rinse. Resolves when a batch may be sent. Ends the run if the caches are full and no rinse helps. */
  async admit(): Promise<void> {
    const { caches, marks, ordered, log } = this.#options;
    const limits = marks();
    if (limits === null || caches.bytes < limits.dueBytes) return;
    const isFull = (): boolean => caches.bytes >= limits.holdBytes;
    for (;;) {
      if (this.#running === null) {
        const chosen = this.#choose(limits, isFull() ? 1 : minGainBytes);
        if (chosen.length > 0) this.#running = this.#rinseInTurn(chosen).finally(() => (this.#running = null));
        else if (isFull() && caches.buckets.length > 1) this.#fail(limits);
        if (this.#running === null) return;
      }
      if (ordered || isFull()) await this.#running;
      // In a fleet, another worker may have rinsed during the wait. If the caches are still full, tries again.
      if (log === null || !isFull() || this.#stop.signal.aborted) return;
    }
  }

  async #rinseInTurn(buckets: readonly number[]): Promise<void> {
    const { log, clock } = this.#options;
    if (log !== null && !(await log.beginRinse())) {
      await clock.sleep(retryMs, this.#stop.signal).catch(() => {});
      return;
    }
    await this.#rinse(buckets);
    log?.end('rinse');
  }

  /** Chooses the buckets written longest ago. Skips the bucket written last, because it would fill again at once. */
  #choose({ restBytes }: RinseMarks, leastGain: number): number[] {
    if (this.#givenUp !== null) return [];
    const { caches } = this.#options;
    const candidates = caches.buckets
      .slice(0, -1)
      .map(({ bucket, bytes }) => ({ bucket, gain: bytes - bodiesKept * this.#retainedOf(bucket) }))
      .filter(({ bucket, gain }) => gain > 0 && this.#samples.has(bucket));
    const chosen: number[] = [];
    let gained = 0;
    for (const { bucket, gain } of candidates) {
      if (caches.bytes - gained <= restBytes) break;
      chosen.push(bucket);
      gained += gain;
    }
    return gained >= leastGain ? chosen : [];
  }

  #fail({ holdBytes }: RinseMarks): void {
    const { caches, end } = this.#options;
    end(
      new RefusedError({
        tried: `pushing the request bodies of ${plural(caches.buckets.length, 'time bucket')} out of the memory of a node (out of its raft caches)`,
        expected: `at most ${size(holdBytes)} of request bodies, as --target-memory allows`,
        found: `${size(caches.bytes)} of request bodies: ${this.#givenUp ?? 'the points are so long that small writes of them free too little memory'}`,
        fix: 'raise --target-memory if the nodes have more memory, or load into a database with a longer VNODE_DURATION',
      }),
    );
  }

  async #rinse(buckets: readonly number[]): Promise<void> {
    const { caches, notify } = this.#options;
    const before = caches.bytes;
    for (const group of this.#groups(buckets)) {
      const body = Buffer.concat(group.flatMap((bucket) => this.#pointsOf(bucket)));
      const parts = group.map((bucket) => ({ bucket, bytes: this.#retainedOf(bucket) }));
      const rows = group.reduce(
        (sum, bucket) => sum + this.#pointsOf(bucket).length * this.#samples.get(bucket)!.rowBytes,
        0,
      );
      let left = bodiesKept;
      const write = async (): Promise<void> => {
        while (left > 0 && this.#givenUp === null) {
          left -= 1;
          if (await this.#sent(body)) this.#options.rewritten(parts, rows);
        }
      };
      await Promise.all(Array.from({ length: writers }, write));
      if (this.#givenUp !== null || this.#stop.signal.aborted) return;
      this.#count += group.length;
    }
    const message = `small writes replaced large request bodies in the raft caches of ${plural(buckets.length, 'time bucket')}: the fullest node now retains ${size(caches.bytes)} of request bodies instead of ${size(before)}`;
    notify({ level: this.#count === buckets.length ? 'info' : 'debug', kind: 'rinse', message });
  }

  /** Sends a body until it is acknowledged. Resolves with false once the target rejects the body or the run stops. */
  async #sent(body: Uint8Array): Promise<boolean> {
    const { send, clock, notify } = this.#options;
    while (this.#givenUp === null && !this.#stop.signal.aborted) {
      const verdict = await send(body);
      if (verdict.kind === 'accepted') return true;
      if (this.#stop.signal.aborted) return false;
      if (verdict.kind === 'rejected' || verdict.kind === 'refused') {
        if (this.#givenUp !== null) return false;
        this.#givenUp = `the target refuses points that it accepted before (${verdict.reason})`;
        const message = `bulk-load can no longer push request bodies out of the raft caches: ${this.#givenUp}; the load stops when a node reaches --target-memory`;
        notify({ level: 'warn', kind: 'rinse', message });
        return false;
      }
      await clock.sleep(retryMs, this.#stop.signal).catch(() => {});
    }
    return false;
  }

  #groups(buckets: readonly number[]): number[][] {
    const groups: number[][] = [];
    let bytes = maxBodyBytes;
    for (const bucket of buckets) {
      const more = this.#bytesOf(bucket);
      if (bytes + more > maxBodyBytes || groups.at(-1)!.length >= maxBuckets) {
        groups.push([]);
        bytes = 0;
      }
      groups.at(-1)!.push(bucket);
      bytes += more;
    }
    return groups;
  }

  #pointsOf(bucket: number): Uint8Array[] {
    return (this.#samples.get(bucket)?.points ?? []).filter((point) => point !== undefined);
  }

  /** Returns how many bytes more than `plannedBytes` a rinsing write adds to the cache. */
  #retainedOf(bucket: number): number {
    return Math.max(0, this.#bytesOf(bucket) - plannedBytes);
  }

  #bytesOf(bucket: number): number {
    return this.#samples.get(bucket)?.bytes ?? 0;
  }
}

/** Yields the last point of a part. With several shards, searches the last points for one point of each shard. */
function* lastPoints(
  batch: Batch,
  part: BucketPart,
  { shards, placeOf }: Pick<RinsingOptions, 'shards' | 'placeOf'>,
): Generator<{ readonly shard: number; readonly bytes: Uint8Array }> {
  const { lastPoint, lastStart, lastBytes } = part;
  const last = batch.body.subarray(lastStart, lastStart + lastBytes);
  if (shards === 1) {
    if (lastBytes <= maxPointBytes) yield { shard: 0, bytes: last };
    return;
  }
  const found = new Set<number>();
  for (let i = lastPoint; i >= 0 && i > lastPoint - searchedPoints && found.size < shards; i -= 1) {
    const bytes = batch.body.subarray(i === 0 ? 0 : batch.bodyEnd(i - 1), batch.bodyEnd(i));
    if (bytes.length > maxPointBytes) continue;
    const { bucket, shard } = placeOf(bytes);
    if (bucket !== part.bucket || found.has(shard)) continue;
    found.add(shard);
    yield { shard, bytes };
  }
}

function sampleOf(points: BucketSample['points'], rowBytes: number): BucketSample {
  return { points, bytes: points.reduce((sum, point) => sum + (point?.length ?? 0), 0), rowBytes };
}

function textOf({ points, rowBytes }: BucketSample): SampleText {
  const texts = Array.from(points, (point) => (point === undefined ? null : Buffer.from(point).toString('base64')));
  return { points: texts, rowBytes };
}
