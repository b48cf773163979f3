// What is shown: looks at a run while it goes on, and its account.

import type { Outcome } from '../outcomes.js';
import type { Verdict } from './target.js';

export type Level = 'normal' | 'high' | 'critical' | 'stop';

/** One look at a run. Cheap; polled by whoever shows it. */
export interface Snapshot {
  readonly at: number;
  readonly seconds: number;
  readonly points: { readonly read: number; readonly loaded: number; readonly rejected: number };
  /** Field values. */
  readonly values: { readonly loaded: number };
  /** File bytes read and to read; `total` is null while an input's size is unknown. */
  readonly bytes: {
    readonly read: number;
    readonly total: number | null;
    readonly decoded: number;
    readonly sent: number;
  };
  readonly inputs: { readonly done: number; readonly total: number; readonly current: string | null };
  readonly inFlight: number;
  /** Writers allowed just now, and the most that may ever be. */
  readonly writers: { readonly limit: number; readonly max: number };
  readonly memory: { readonly rssBytes: number; readonly limitBytes: number; readonly level: Level };
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  readonly requests: Summary['requests'];
  /** What holds the load back just now, as far as is known. */
  readonly heldBackBy: LimitingFactor | null;
  /** Seconds that each cause has held it back so far. */
  readonly heldBack: Readonly<Record<LimitingFactor, number>>;
  readonly target: {
    /** Requests to flush that were sent. */
    readonly flushes: number;
    /** What the fullest node holds just now by our reckoning, bytes; an estimate. Null: not begun. */
    readonly nodeBytes: number | null;
  };
  readonly endpoints: readonly EndpointStatus[];
}

/** `targetMemory`: the target answers, but --target-memory lets no more through. */
export type LimitingFactor = 'target' | 'targetMemory' | 'ownMemory' | 'input' | 'rateLimit';

/** An endpoint within a snapshot. */
export interface EndpointStatus {
  readonly url: string;
  /** Points acknowledged through it. */
  readonly loaded: number;
  /** Seconds it was left alone so far. */
  readonly openSeconds: number;
  /** Writes by what came of them. */
  readonly answers: Answers;
  /** Of the writes it acknowledged within the last 5 to 10 s, to about 5 %; 0 without any. */
  readonly p99Ms: number;
}

export type Answers = Readonly<Record<Verdict['kind'], number>>;

/** One stretch of a run's time, ended by `seconds` since its start. */
export interface Sample {
  readonly seconds: number;
  /** The most within the stretch, bytes. */
  readonly rssBytes: number;
  readonly limitBytes: number;
  /** Acknowledged within the stretch, per second of it. */
  readonly pointsPerSecond: number;
  /** Writers allowed at its end. */
  readonly writers: number;
  /** The worst within it. */
  readonly level: Level;
  /** Seconds of it that each cause held the load back. */
  readonly heldBack: Readonly<Record<LimitingFactor, number>>;
  /** Requests to flush that were sent within it. */
  readonly flushes: number;
  /** The most within it; an estimate. */
  readonly nodeBytes: number | null;
  /** In the order of the summary; the first 16. */
  readonly endpoints: readonly {
    /** Within the stretch. */
    readonly answers: Answers;
    /** The worst within it, ms; 0 without an answer. */
    readonly p99Ms: number;
    /** Seconds of it that it was left alone. */
    readonly openSeconds: number;
  }[];
}

/** The first so many of what there is, and how many more there are. */
export interface Excerpt<T> {
  readonly shown: readonly T[];
  readonly more: number;
}

/** What a page shows of this run beyond its summary. All of it bounded. */
export interface RunDetails {
  /** The most frequent first; `more` counts points. */
  readonly rejects: Excerpt<{
    readonly reason: string;
    /** Null: the point does not tell. */
    readonly table: string | null;
    readonly input: number;
    readonly points: number;
    readonly firstLine: number;
  }>;
  /** The largest first; `more` counts points of further tables. */
  readonly tables: Excerpt<{
    readonly table: string;
    readonly points: number;
    /** Of the first and the last that was looked at, ns since 1970; null: none was. */
    readonly time: { readonly first: bigint; readonly last: bigint } | null;
  }>;
  /** Whether points were counted by a sample of each batch: some were not looked at. */
  readonly sampled: boolean;
  /** What this load brought to the target; `more` counts tables. */
  readonly introduced: Excerpt<{
    readonly table: string;
    readonly isNew: boolean;
    readonly columns: Excerpt<string>;
  }>;
  /** An unfinished load, or input, that was given up for a fresh start; and what was kept of it. `input` null: all of them. */
  readonly abandoned: Excerpt<{ readonly input: number | null; readonly kept: string | null }>;
}

/** Something worth telling people while the run goes on. Repeated kinds are counted, not repeated. */
export interface Notice {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** Kind of trouble; notices of one kind are shown once a minute with their count. */
  readonly kind: string;
  readonly message: string;
}

/** What reading a sample back came to. */
export interface VerifyReport {
  sampled: number;
  /** Of them, there at all; and with every value as it was sent. */
  found: number;
  equal: number;
  /** Most of them; `field` null: the point is missing. */
  differences: {
    table: string;
    time: string;
    tags: Record<string, string>;
    field: string | null;
    expected: string;
    got: string | null;
  }[];
  /** Counts are null where they could not be had. */
  tables: { table: string; countBefore: number | null; countAfter: number | null }[];
}

/** `--summary`, formatVersion 1: product law. All keys are always there. */
export interface Summary {
  formatVersion: 1;
  version: string;
  outcome: Outcome;
  exitCode: number;
  reason: string | null;
  continueWith: string | null;
  startedAt: string;
  endedAt: string;
  seconds: number;
  points: { read: number; loaded: number; rejected: number; undelivered: number };
  values: { loaded: number };
  thisRun: { read: number; loaded: number; rejected: number };
  bytes: { read: number; decoded: number; sent: number };
  rate: { pointsPerSecond: number; decodedBytesPerSecond: number };
  batches: {
    loaded: number;
    alone: number;
    cut: { points: number; bytes: number; inputEnd: number; idle: number; split: number };
  };
  requests: {
    sent: number;
    accepted: number;
    overloaded: number;
    unreachable: number;
    rejected: number;
    refused: number;
    retried: number;
  };
  latencyMs: { p50: number; p95: number; p99: number; max: number };
  memory: {
    limitBytes: number;
    limitSource: string;
    peakRssBytes: number;
    slots: number;
    slotBytes: number;
    highSeconds: number;
    criticalSeconds: number;
    forcedGcs: number;
  };
  pressure: {
    workers: number;
    limitMin: number;
    limitFinal: number;
    bodyBytesMin: number;
    bodyBytesFinal: number;
    throttledSeconds: number;
    /** `targetMemory`: the target answers, but --target-memory lets no more through. */
    heldBackBy: { target: number; targetMemory: number; ownMemory: number; input: number; rateLimit: number };
  };
  target: {
    version: string | null;
    planBytesPerNode: number | null;
    estimatedPeakBytesPerNode: number | null;
    flushes: number;
    /** What to ask for so that more gets through; null where nothing of the kind held the load back for long. */
    advice: string | null;
    newTables: number;
    newColumns: number;
  };
  inputs: {
    name: string;
    format: string;
    read: number;
    loaded: number;
    rejected: number;
    undelivered: number;
    bytes: number;
    resumedFromByte: number;
    error: string | null;
  }[];
  rejects: { byReason: Record<string, number>; deadLetters: string[] | null; reasons: string | null };
  verify: VerifyReport | null;
  endpoints: { url: string; loaded: number; failures: number; openSeconds: number }[];
  checkpoint: string | null;
}
