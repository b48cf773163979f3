// Keeps at most 600 samples of a run over time. If there are more samples, adjacent samples merge in pairs.

import { byFactor } from '../core/limiting-factors.js';
import type { Level, Sample } from '../core/types/index.js';
import { answersBetween, answersSum } from './answers.js';
import type { Snapshot } from './figures.js';

/** Totals up to a snapshot, and the largest memory and latency in the time range that ends with the snapshot. */
interface CumulativeSample extends Omit<Sample, 'pointsPerSecond'> {
  readonly loaded: number;
}

/** Initial length of the time range of one sample, s. */
const firstStretch = 1;
const maxSamples = 600;
const maxEndpoints = 16;
const levels: readonly Level[] = ['normal', 'high', 'critical', 'stop'];

export class Series {
  #stretchSeconds = firstStretch;
  #samples: CumulativeSample[] = [];
  #first: CumulativeSample | null = null;
  /** Totals of the loads before the current load. */
  #base: CumulativeSample | null = null;

  /** Adds a snapshot. All snapshots in the same time range merge into one sample. */
  add(snapshot: Snapshot): void {
    const own = cumulative(snapshot);
    const sample = this.#base === null ? own : sumOf(this.#base, own);
    this.#first ??= sample;
    this.#append(sample);
    if (this.#samples.length > maxSamples) this.#thin();
  }

  /** Begins a further load of the same run. The totals of its snapshots start at zero. */
  beginNext(): void {
    this.#base = this.#samples.at(-1) ?? null;
  }

  samples(): Sample[] {
    return this.#samples.map((sample, i) => between(this.#samples[i - 1] ?? this.#first!, sample));
  }

  #append(sample: CumulativeSample): void {
    const last = this.#samples.at(-1);
    const same = last !== undefined && this.#stretchOf(last) === this.#stretchOf(sample);
    if (same) this.#samples[this.#samples.length - 1] = merged(last, sample);
    else this.#samples.push(sample);
  }

  #stretchOf({ seconds }: CumulativeSample): number {
    return Math.floor(seconds / this.#stretchSeconds);
  }

  #thin(): void {
    const before = this.#samples;
    this.#stretchSeconds *= 2;
    this.#samples = [];
    for (const sample of before) this.#append(sample);
  }
}

function cumulative({ seconds, points, memory, writers, heldBack, target, endpoints }: Snapshot): CumulativeSample {
  return {
    seconds,
    ...memory,
    writers: writers.limit,
    heldBack,
    flushes: target.flushes,
    nodeBytes: target.nodeBytes,
    endpoints: endpoints
      .slice(0, maxEndpoints)
      .map(({ answers, p99Ms, openSeconds }) => ({ answers, p99Ms, openSeconds })),
    loaded: points.loaded,
  };
}

/** Adds the totals of the earlier loads to a sample. */
function sumOf(base: CumulativeSample, sample: CumulativeSample): CumulativeSample {
  return {
    ...sample,
    seconds: base.seconds + sample.seconds,
    loaded: base.loaded + sample.loaded,
    heldBack: byFactor((key) => base.heldBack[key] + sample.heldBack[key]),
    flushes: base.flushes + sample.flushes,
    endpoints: sample.endpoints.map(({ answers, p99Ms, openSeconds }, i) => {
      const earlier = base.endpoints[i];
      return {
        answers: answersSum(answers, earlier?.answers),
        p99Ms,
        openSeconds: openSeconds + (earlier?.openSeconds ?? 0),
      };
    }),
  };
}

/** Merges two samples. Returns the totals of the second sample and the maxima of both samples. */
function merged(first: CumulativeSample, second: CumulativeSample): CumulativeSample {
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

/** Returns the differences between two samples. */
function between(before: CumulativeSample, { loaded, ...sample }: CumulativeSample): Sample {
  const elapsed = sample.seconds - before.seconds;
  return {
    ...sample,
    pointsPerSecond: elapsed > 0 ? (loaded - before.loaded) / elapsed : 0,
    heldBack: byFactor((key) => sample.heldBack[key] - before.heldBack[key]),
    flushes: sample.flushes - before.flushes,
    endpoints: sample.endpoints.map(({ answers, p99Ms, openSeconds }, i) => {
      const earlier = before.endpoints[i];
      return {
        answers: answersBetween(answers, earlier?.answers),
        p99Ms,
        openSeconds: openSeconds - (earlier?.openSeconds ?? 0),
      };
    }),
  };
}
