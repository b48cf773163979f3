// The run over time, for a picture: a bounded number of samples at even distances. When it is full every second one
// is merged into the next and the distance doubles, so the memory of a day is that of ten minutes.

import type { Answers, Level, Sample, Snapshot } from '../core/types/index.js';

type SeriesStretch = Omit<Sample, 'pointsPerSecond'>;

/** What was counted up to a look, and the worst of the stretch that it ends. */
interface KeptSample extends SeriesStretch {
  readonly loaded: number;
}

/** Shortest distance, s. */
const firstEvery = 1;
const mostSamples = 600;
const mostEndpoints = 16;
const levels: readonly Level[] = ['normal', 'high', 'critical', 'stop'];

export class Series {
  #every = firstEvery;
  #kept: KeptSample[] = [];
  #origin: KeptSample | null = null;

  /** Looks within one stretch are merged into one sample. */
  add(snapshot: Snapshot): void {
    const now = keptOf(snapshot);
    this.#origin ??= now;
    this.#keep(now);
    if (this.#kept.length > mostSamples) this.#thin();
  }

  samples(): Sample[] {
    return this.#kept.map((sample, i) => since(this.#kept[i - 1] ?? this.#origin!, sample));
  }

  #keep(sample: KeptSample): void {
    const last = this.#kept.at(-1);
    const same = last !== undefined && this.#stretch(last) === this.#stretch(sample);
    if (same) this.#kept[this.#kept.length - 1] = merged(last, sample);
    else this.#kept.push(sample);
  }

  #stretch({ seconds }: KeptSample): number {
    return Math.floor(seconds / this.#every);
  }

  #thin(): void {
    const before = this.#kept;
    this.#every *= 2;
    this.#kept = [];
    for (const sample of before) this.#keep(sample);
  }
}

function keptOf({ seconds, points, memory, writers, heldBack, target, endpoints }: Snapshot): KeptSample {
  return {
    seconds,
    ...memory,
    writers: writers.limit,
    heldBack,
    ...target,
    endpoints: endpoints
      .slice(0, mostEndpoints)
      .map(({ answers, p99Ms, openSeconds }) => ({ answers, p99Ms, openSeconds })),
    loaded: points.loaded,
  };
}

/** Counts are those of the second, the worst is that of both. */
function merged(first: KeptSample, second: KeptSample): KeptSample {
  return {
    ...second,
    rssBytes: Math.max(first.rssBytes, second.rssBytes),
    level: levels.indexOf(first.level) > levels.indexOf(second.level) ? first.level : second.level,
    nodeBytes:
      first.nodeBytes === null ? second.nodeBytes : Math.max(first.nodeBytes, second.nodeBytes ?? first.nodeBytes),
    endpoints: second.endpoints.map((endpoint, i) => ({
      ...endpoint,
      p99Ms: Math.max(endpoint.p99Ms, first.endpoints[i]?.p99Ms ?? 0),
    })),
  };
}

/** The stretch from one look to another. */
function since(before: KeptSample, { loaded, ...sample }: KeptSample): Sample {
  const elapsed = sample.seconds - before.seconds;
  const { target, targetMemory, ownMemory, input, rateLimit } = sample.heldBack;
  return {
    ...sample,
    pointsPerSecond: elapsed > 0 ? (loaded - before.loaded) / elapsed : 0,
    heldBack: {
      target: target - before.heldBack.target,
      targetMemory: targetMemory - before.heldBack.targetMemory,
      ownMemory: ownMemory - before.heldBack.ownMemory,
      input: input - before.heldBack.input,
      rateLimit: rateLimit - before.heldBack.rateLimit,
    },
    flushes: sample.flushes - before.flushes,
    endpoints: sample.endpoints.map((endpoint, i) => {
      const earlier = before.endpoints[i];
      return {
        answers: earlier === undefined ? endpoint.answers : difference(endpoint.answers, earlier.answers),
        p99Ms: endpoint.p99Ms,
        openSeconds: endpoint.openSeconds - (earlier?.openSeconds ?? 0),
      };
    }),
  };
}

function difference(now: Answers, before: Answers): Answers {
  return {
    accepted: now.accepted - before.accepted,
    overloaded: now.overloaded - before.overloaded,
    forming: now.forming - before.forming,
    unreachable: now.unreachable - before.unreachable,
    dropped: now.dropped - before.dropped,
    rejected: now.rejected - before.rejected,
    refused: now.refused - before.refused,
  };
}
