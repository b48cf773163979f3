// The nouns that rooms hand each other, and the contracts of the two seams: ByteSource (where bytes come from)
// and Target (where batches go). Types and the few constants that give them meaning; no behaviour.

import type { Outcome } from './errors.js';

/** Everything that waits takes its time from here, so tests can run on a virtual clock. */
export interface Clock {
  /** Wall clock, ms since 1970. */
  now(): number;
  /** Never goes back; ms from an arbitrary origin, with fractions. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with `signal.reason` as soon as the signal aborts. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms`, unless the returned function is called before. Keeps the process alive. */
  after(ms: number, callback: () => void): () => void;
  /** Calls back every `ms` until the returned function is called. Does not keep the process alive. */
  every(ms: number, callback: () => void): () => void;
}

// ---------------------------------------------------------------- input → format

/**
 * An open input, decompressed. Pull-into: the caller owns the memory, so reading a plain file allocates nothing.
 */
export interface ByteSource {
  /**
   * Fills `into` from its start with at least one byte and returns how many; 0 means the end was reached.
   * Rejects with the signal's reason when it aborts (also while waiting for an idle pipe) and with an
   * `InputError` when the input cannot be read or decompressed to its end. One call at a time.
   * After an abort the source may only be closed; `into` may still be written to until `close` has resolved.
   */
  read(into: Uint8Array, signal: AbortSignal): Promise<number>;
  /** Idempotent; resolves when nothing is pending any more. */
  close(): Promise<void>;
  /** Bytes of the file or pipe consumed so far (compressed ones, when it is compressed). */
  readonly bytesRead: number;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** The regular file or object below, for whoever has to know it again; absent where there is none. Usable until `close`. */
  readonly file?: FileBytes;
  /** Goes on from a decoded offset; before the first read only. Absent where what comes before has to be decoded. */
  seek?(to: number): void;
}

/** The bytes of a file as they lie on the disk, or of an object as a server has them. */
export interface FileBytes {
  /** Bytes when it was opened. */
  readonly size: number;
  /** Bytes [from, to); fewer where the file ends before. Rejects with the system's error, or an `InputError`. */
  bytes(from: number, to: number): Promise<Uint8Array>;
  /** Where looking is dear: a block a little before `to` that is at hand; null when none is. */
  near?(to: number): ByteRange | null;
}

/** What decompression may hold at most. */
export interface Room {
  readonly bytes: number;
  /** The limit of our own memory that would leave room for so many, as one would type it; null: none would. */
  limitFor(bytes: number): string | null;
}

/** A named input, not yet open. `size` is in file bytes, null when unknown (a pipe). */
export interface Input {
  readonly name: string;
  /** Canonical absolute path, or URL without anything secret; null for standard input. */
  readonly path: string | null;
  readonly size: number | null;
  /** Throws InputError. A file is read to its size at open and not beyond. Without `room` decompression takes what it asks for. */
  open(signal: AbortSignal, room?: Room): Promise<ByteSource>;
}

export type FormatName = 'lp' | 'csv' | 'tsv' | 'ndjson' | 'json' | 'parquet';

/** A column that is a tag, and the tag's name. */
export interface TagMapping {
  readonly name: string;
  readonly as: string;
}

/** A column that is a field, and the field's type and name. `type` null: its first value decides. */
export interface FieldMapping extends TagMapping {
  readonly type: Exclude<ColumnType, 'tag'> | null;
}

export type Precision = 'ns' | 'us' | 'ms';
export type InputPrecision = Precision | 's';

// ---------------------------------------------------------------- format → batch

/** `Points.index` holds this many 32-bit words per point. */
export const POINT_WORDS = 8;
/** Offset in `Points.bytes` of the point as it is to be sent. */
export const START = 0;
/** Its length in bytes, without line terminator or trailing blanks. */
export const LENGTH = 1;
/** Offset in `Points.bytes` of the original; equal to START unless the point was rewritten. */
export const SOURCE_START = 2;
/** Length of the original, without line terminator. */
export const SOURCE_LENGTH = 3;
/** Physical line of its first byte, relative to `Points.firstLine`. */
export const LINE = 4;
/** Low 31 bits: shape number, or UNCOUNTED_SHAPE. Top bit set: the point has no timestamp. */
export const SHAPE = 5;
/** Timestamp as a signed 64-bit integer in the unit of the input, low word; 0 where there is none. */
export const TIME_LOW = 6;
/** … and high word. */
export const TIME_HIGH = 7;

export const NO_TIMESTAMP = 0x8000_0000;
/** The table of shapes is full: ask `Points.shapeOf(i)` about each such point. */
export const UNCOUNTED_SHAPE = 0x7fff_ffff;

export type ColumnType = 'tag' | 'float' | 'integer' | 'unsigned' | 'boolean' | 'string';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** What a point looks like: its table, and its columns without `time`. Names are unescaped. */
export interface Shape {
  readonly table: string;
  readonly columns: readonly Column[];
}

/**
 * What the catalogue says of a shape. `known`: the target has every column with that type. `introduces`: it lacks some,
 * so the batch that brings them must travel alone. `conflict`: a column is there with another type.
 */
export type Look =
  | { readonly kind: 'known' | 'introduces' }
  | { readonly kind: 'conflict'; readonly reason: string; readonly message: string };

/** The shapes that one batch introduces; they must agree among themselves, since they travel in one request. */
export interface Introduction {
  readonly shapes: readonly Shape[];
  /** False, and nothing added, when the shape contradicts one already here. */
  add(shape: Shape): boolean;
}

/** A point refused for its content, found by us before sending. */
export interface FormatReject {
  /** How many entries of the same run's index precede it. */
  readonly before: number;
  /** Offset and length in `Points.bytes` of its original bytes, without line terminator. */
  readonly start: number;
  readonly length: number;
  /** Relative to `Points.firstLine`. */
  readonly line: number;
  /** One of a closed list, kebab-case: `no-fields`, `bad-number`, `too-long`, … */
  readonly reason: string;
  /** For people: what was found, what would have been right. */
  readonly message: string;
  /** A point longer than the window arrives in parts; only `whole` and `last` are counted as a point. */
  readonly part: 'whole' | 'first' | 'middle' | 'last';
}

/** The file in which rejected points are kept with their original bytes, so that it can be loaded as they were. */
export interface Letterhead {
  /** `.lp`, `.csv` … */
  readonly ending: string;
  /** What comes before the first of them, such as a header with its line end. Files with other heads are other files. */
  readonly head: Uint8Array;
}

/** That of line protocol. */
export const lineProtocolLetterhead: Letterhead = { ending: '.lp', head: new Uint8Array(0) };

/** A run of points in the format's own memory. Valid, all of it, only until the next run is pulled. */
export interface Points {
  readonly bytes: Uint8Array;
  readonly index: Uint32Array;
  /** Valid points in `index`. */
  readonly count: number;
  /** In order of their place in the input. */
  readonly rejects: readonly FormatReject[];
  /** Physical line (from 1) that LINE = 0 stands for. */
  readonly firstLine: number;
  /** The same object for all runs with the same head. */
  readonly letterhead: Letterhead;
  /** Decoded byte offset that offset 0 of `bytes` stands for; may be negative. */
  readonly origin: number;
  /**
   * Decoded bytes of the input wholly dealt with once this run is, blank lines and comments included. Reading can go on
   * from there, but for the middle of a point that comes in parts.
   */
  readonly end: number;
  /** Physical line (from 1) of the byte at `end`. */
  readonly endLine: number;
  /** Shape of a number from the index; the object is the same for the same number. */
  shape(number: number): Shape;
  /** Shape of point `i` of this run, parsed anew each time. For UNCOUNTED_SHAPE. */
  shapeOf(i: number): Shape;
}

/**
 * Turns inputs into points, one input after another, in memory of its own that it takes at construction. Shape numbers
 * stay valid over its life.
 */
export interface Format {
  readonly name: FormatName;
  /** Bytes it takes, all of them at construction. */
  readonly memoryBytes: number;
  /**
   * It reads the file below its source, at random, and what it decodes counts as decoded: offsets are of that. It begins
   * at the line of the place it is given.
   */
  readonly isRandom?: true;
  /**
   * What its rows are read from, where that is not the input's bytes as they are; offsets count in it. `source` is at the
   * input's first byte and stays the caller's; `points` and places are of what is returned.
   * `name` of the input, for errors.
   */
  reads?(source: ByteSource, name: string): ByteSource;
  /**
   * For formats whose rows mean nothing without the beginning of their input, before `points` with a start behind it:
   * reads from the input's first byte what the rows at `start` need. The source stays the caller's.
   */
  recall?(head: ByteSource, start: Place, signal: AbortSignal): Promise<void>;
  /**
   * Runs of points, in order, of the whole input. A run is valid until the next is pulled. Complete points are handed on
   * as soon as they have been read. Rejects with what `source.read` rejects with, after everything read before, and with
   * UsageError when the input and what was said of it contradict each other.
   * The source stays the caller's: it has to be closed before another input is begun. One input at a time.
   * @param start what the source's first byte is
   */
  points(source: ByteSource, signal: AbortSignal, start?: Place): AsyncGenerator<Points, void>;
  /** For formats that hold more than memory. Nothing may be pulled any more. */
  close?(): Promise<void>;
}

// ---------------------------------------------------------------- batch → deliver → ledger

/** Where a batch came from: one input, contiguous, rejects and comments included. */
export interface Span {
  /** Index into the load's inputs. */
  readonly input: number;
  readonly firstLine: number;
  /** Decoded bytes. */
  readonly byteOffset: number;
  readonly bytes: number;
  /** Points of the load before its first one. */
  readonly ordinal: number;
  /** Physical line of the first byte behind it. */
  readonly endLine: number;
}

/** A place in an input from which reading can go on: all before it is accounted for. */
export interface Place {
  /** Decoded. */
  readonly byteOffset: number;
  /** Physical, from 1. */
  readonly line: number;
  /** Points of the load before it, rejects included: what stamps for missing timestamps are counted by. */
  readonly ordinal: number;
  /** Decimal digits of the timestamp before it; 0 when there is none, or it is not known. */
  readonly digits: number;
}

export const theBeginning: Place = { byteOffset: 0, line: 1, ordinal: 0, digits: 0 };

/** Decoded bytes [from, to) of an input. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Where an input is taken up, and what of the rest is accounted for already: points that begin there are left out. */
export interface Start {
  readonly place: Place;
  /** Ascending, disjoint, behind `place`. */
  readonly covered: readonly ByteRange[];
}

/** Why a batch was closed. `shape`: the next point introduces a table or column and must not ride along. */
export type Cut = 'points' | 'bytes' | 'inputEnd' | 'idle' | 'shape';

/** A reject with its bytes copied out of the format's memory into the batch's slot. */
export interface BatchReject {
  readonly bytes: Uint8Array;
  readonly line: number;
  /** Decoded, absolute. */
  readonly byteOffset: number;
  readonly reason: string;
  readonly message: string;
  readonly part: FormatReject['part'];
}

/**
 * The unit of sending. All its memory belongs to one slot of the arena and goes back with `release`, once,
 * after it has been settled. May hold no point at all (only rejects): then it is settled without being sent.
 */
export interface Batch {
  readonly ordinal: number;
  readonly points: number;
  /** Field values in it. */
  readonly values: number;
  /** One contiguous request body, every point ended by LF. */
  readonly body: Uint8Array;
  /** Offset in `body` just past point i's LF. */
  bodyEnd(i: number): number;
  /** The original bytes, physical line and decoded offset of point i. */
  source(i: number): { bytes: Uint8Array; line: number; byteOffset: number };
  readonly rejects: readonly BatchReject[];
  readonly letterhead: Letterhead;
  /** Shapes in it that bring a table or column the target was not known to have; null when there are none. */
  readonly introduces: readonly Shape[] | null;
  readonly span: Span;
  readonly cut: Cut;
  /** The batches of several inputs that travel in this one, in order; absent where it is one of its own. */
  readonly parts?: readonly Batch[];
  release(): void;
}

/** Half-open range of points of one batch. */
export interface PointRange {
  readonly from: number;
  readonly to: number;
}

export interface PointReject {
  readonly point: number;
  readonly reason: string;
  readonly message: string;
  readonly endpoint: string | null;
}

/** The fate of every point of a batch; the three parts are disjoint and cover it. */
export interface Receipt {
  readonly loaded: readonly PointRange[];
  readonly rejected: readonly PointReject[];
  readonly undelivered: readonly PointRange[];
}

// ---------------------------------------------------------------- deliver → target

/**
 * What one answer means. `mayHaveLanded`: the bytes may have been stored, or may still be about to be.
 *
 * | kind | retry | backpressure | RTT sample |
 * |---|---|---|---|
 * | accepted | – | no | yes |
 * | overloaded | yes, wait ≥ retryAfterMs | yes | no |
 * | forming (raft groups, leaders, time buckets) | yes, ≥ 1 s | no | no |
 * | unreachable (nothing was sent, or the endpoint died meanwhile) | yes, next endpoint | no | no |
 * | dropped (closed or reset after the body went out) | yes, same bytes; twice → halve | yes | no |
 * | rejected (this content) | no: split or bisect | no | no |
 * | refused (credentials, privilege, no such database) | mid-load for 30 s | no | no |
 */
export type Verdict =
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'overloaded';
      readonly reason: string;
      readonly retryAfterMs: number | null;
      readonly mayHaveLanded: boolean;
      /** The target said that its memory is exhausted. */
      readonly memory: boolean;
      /** We gave up waiting for the answer. */
      readonly timedOut: boolean;
    }
  | { readonly kind: 'forming'; readonly reason: string; readonly mayHaveLanded: boolean }
  /** `mayHaveLanded`: it was sent, and the endpoint was found dead while the answer was awaited. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly mayHaveLanded?: true }
  | { readonly kind: 'dropped'; readonly reason: string; readonly mayHaveLanded: true }
  | {
      readonly kind: 'rejected';
      /** Kebab-case, as it goes into the dead letters: `target-parse`, `target-type`, `expired`, `too-large`, … */
      readonly reason: string;
      readonly message: string;
      /** Byte offset in the body that the target named, if it did. */
      readonly offset: number | null;
      /** The same by number: of the point in the body, from 0. */
      readonly point?: number | null;
      /** 413: the body is too large whatever is in it; split, do not bisect for a bad point. */
      readonly tooLarge: boolean;
      /** An answer we do not know: worth a few retries before points are searched. */
      readonly unknown: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** One request and what came of it. */
export interface Attempt {
  readonly verdict: Verdict;
  /** URL as shown to people: no credentials in it. */
  readonly endpoint: string;
  readonly latencyMs: number;
  /** Request body bytes on the wire. */
  readonly sentBytes: number;
}

/** A body ready for the wire. */
export interface EncodedBody {
  readonly bytes: Uint8Array;
  /** Content-Encoding; null for none. */
  readonly encoding: 'gzip' | 'zstd' | null;
  /** To be called once, when the body will not be sent (again): its memory may be used for another then. */
  readonly release?: () => void;
}

export interface DatabaseSettings {
  readonly precision: Precision;
  /** ms; null for INF. */
  readonly ttlMs: number | null;
  readonly shard: number;
  readonly replica: number;
  readonly vnodeDurationMs: number | null;
  /** Bytes; null where the server does not say (before 2.4.2). */
  readonly maxMemcacheBytes: number | null;
  readonly strictWrite: boolean;
  /** What it would lose or change without a word; absent where it says so itself. */
  readonly limits?: StorageLimits;
}

/** Of a database about which there is nothing to plan: as CnosDB creates one. */
export const plainSettings: DatabaseSettings = {
  precision: 'ns',
  ttlMs: null,
  shard: 1,
  replica: 1,
  vnodeDurationMs: null,
  maxMemcacheBytes: null,
  strictWrite: false,
};

/** What a target that acknowledges everything stores nothing of, or not as it was sent. */
export interface StorageLimits {
  /** Oldest timestamp, ms since 1970, and how far ahead of now one may lie. */
  readonly sinceMs: number;
  readonly aheadMs: number;
  /** Whether it has a type for them. */
  readonly strings: boolean;
  /** Most tags of a point, and names of those that would send it somewhere else. */
  readonly tags: number;
  readonly ownTags: readonly string[];
  /** Longest name and value of a tag, and longest point, bytes. */
  readonly tagNameBytes: number;
  readonly tagValueBytes: number;
  readonly pointBytes: number;
}

export interface EndpointState {
  readonly url: string;
  readonly reachable: boolean;
  readonly version: string | null;
  readonly problem: string | null;
}

export interface TargetDescription {
  readonly kind: string;
  /** Lowest version among the endpoints that answered. */
  readonly version: string | null;
  readonly endpoints: readonly EndpointState[];
  readonly database: DatabaseSettings;
}

/** A column as the target has it. `type` null: one that no line-protocol value fits (GEOMETRY, …). */
export interface TargetColumn {
  readonly table: string;
  readonly name: string;
  readonly type: ColumnType | null;
}

/** What came of asking the target to flush. `timedOut`: no answer in time, though it may go on with it. */
export interface FlushOutcome {
  readonly kind: 'done' | 'timedOut' | 'notPermitted' | 'failed';
  readonly tookMs: number;
  /** In the target's words, where it did not do it. */
  readonly reason: string | null;
}

/** How the database lies on the cluster. `from`: who says so; by the endpoints alone it is a guess on the safe side. */
export interface Layout {
  /** Data nodes that hold the database. */
  readonly nodes: number;
  /** The most vnodes of it per time bucket that one node holds. */
  readonly vnodesPerNode: number;
  readonly from: 'replicas' | 'endpoints';
}

/** A number is a float, a bigint an integer, signed or not. */
export type FieldValue = number | bigint | boolean | string;

/** A point as values. */
export interface PointValues {
  readonly table: string;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, FieldValue>;
}

/** What a target can keep of names; points beyond are rejected before sending. */
export interface NameLimits {
  /** Of measurement and tags as the target indexes them, bytes. */
  readonly seriesKeyBytes: number;
  /** Whether a measurement with / in its name can be found again. */
  readonly slashes: boolean;
}

/** Those of CnosDB; it has the narrowest. */
export const narrowestNames: NameLimits = { seriesKeyBytes: 511, slashes: false };

export type TargetKind = 'cnosdb' | 'influxdb1' | 'influxdb2' | 'influxdb3' | 'victoriametrics';

/** What a target is and needs, known before it is asked anything. */
export interface TargetTraits {
  /** As people call it. */
  readonly title: string;
  /** A batch that brings a table or column must have no company: see deliver/alone.ts. */
  readonly firstWriteAlone: boolean;
  /** Its memory is what plan-target.ts reckons with; it can be asked to flush and tells what is unflushed. */
  readonly plansMemory: boolean;
  /** It can tell how many points a table has. */
  readonly countsPoints: boolean;
  /** It takes timestamps in seconds; else they go as milliseconds. */
  readonly sendsSeconds: boolean;
}

/**
 * Where batches go. Calls may overlap; the caller decides how many. Nothing here retries a write:
 * one `write` is one request to one endpoint and comes back as a value, whatever happens.
 */
export interface Target {
  readonly traits: TargetTraits;
  /**
   * Before anything is sent: waits for a first acknowledged answer of any endpoint, creates the database when
   * asked to, and reads its settings. Throws UnavailableError when the waiting time is spent, RefusedError for
   * credentials, privilege, missing tenant or database, and for a PRECISION that would merge points.
   * @param memcacheBytes the size of memcaches to create the database with, if it is created and has a choice; null: its own
   */
  describe(signal: AbortSignal, memcacheBytes?: number | null): Promise<TargetDescription>;
  /** All columns of the database, or of one table of it. An unknown table has none. Throws as `describe`. */
  columns(signal: AbortSignal, table?: string): Promise<TargetColumn[]>;
  /** Compresses, when the settings say so. The result is valid until it is released. */
  encode(body: Uint8Array): Promise<EncodedBody>;
  /**
   * One request, to the least busy endpoint believed healthy; one that is not is left alone and probed. What waits on an
   * endpoint found dead is given up while another takes writes: `unreachable` with `mayHaveLanded`.
   * Never throws for anything a target or the network does; a BulkLoadError where what is written to on this machine takes
   * no more, which ends the run. When `signal` aborts the request is torn down and the
   * attempt is `dropped`. `points` is for the account of endpoints. The body must not change until this resolves.
   */
  write(body: EncodedBody, points: number, timeoutMs: number, signal: AbortSignal): Promise<Attempt>;
  /**
   * Asks the target to write its caches of the database to disk (CnosDB: COMPACT DATABASE). Never throws. The caller sees
   * to it that one ends before the next begins.
   */
  flush(timeoutMs: number, signal: AbortSignal): Promise<FlushOutcome>;
  /** Unflushed bytes of the database per endpoint, by the target's own gauge (up to 10 s old); null: not told. Never throws. */
  gauges(signal: AbortSignal): Promise<readonly (number | null)[]>;
  /** Only after `describe`. Falls back on the endpoints where it may not ask; throws `signal.reason` alone. */
  layout(signal: AbortSignal): Promise<Layout>;
  /**
   * The same series and times as the target has them now, null for each that it lacks. All of one table; `fields` holds
   * at least those asked for that the target has. Throws as `describe`.
   */
  readBack(points: readonly PointValues[], signal: AbortSignal): Promise<(PointValues | null)[]>;
  /** Points of a table, each counted once; null where there is no such table, or it does not count points. Throws as `describe`. */
  count(table: string, signal: AbortSignal): Promise<number | null>;
  endpoints(): readonly EndpointAccount[];
  /** @param whole the run came to its end. Throws StateError where that cannot be made to last on this machine. */
  close(whole?: boolean): Promise<void>;
}

export interface EndpointAccount {
  readonly url: string;
  /** Points acknowledged through it. */
  readonly loaded: number;
  readonly failures: number;
  /** Seconds it was left alone: not to be reached, or losing what it was sent while others took writes. */
  readonly openSeconds: number;
  /** Monotonic ms: since when the oldest write under way there has waited. Absent where there is none. */
  readonly waitingSince?: number;
}

// ---------------------------------------------------------------- what is shown

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
  readonly heldBackBy: HeldBackBy | null;
  /** Seconds that each cause has held it back so far. */
  readonly heldBack: Readonly<Record<HeldBackBy, number>>;
  readonly target: {
    /** Requests to flush that were sent. */
    readonly flushes: number;
    /** What the fullest node holds just now by our reckoning, bytes; an estimate. Null: not begun. */
    readonly nodeBytes: number | null;
  };
  readonly endpoints: readonly EndpointLook[];
}

/** `targetMemory`: the target answers, but --target-memory lets no more through. */
export type HeldBackBy = 'target' | 'targetMemory' | 'ownMemory' | 'input' | 'rateLimit';

/** An endpoint within a snapshot. */
export interface EndpointLook {
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
  readonly heldBack: Readonly<Record<HeldBackBy, number>>;
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
export interface Some<T> {
  readonly shown: readonly T[];
  readonly more: number;
}

/** What a page shows of this run beyond its summary. All of it bounded. */
export interface Particulars {
  /** The most frequent first; `more` counts points. */
  readonly rejects: Some<{
    readonly reason: string;
    /** Null: the point does not tell. */
    readonly table: string | null;
    readonly input: number;
    readonly points: number;
    readonly firstLine: number;
  }>;
  /** The largest first; `more` counts points of further tables. */
  readonly tables: Some<{
    readonly table: string;
    readonly points: number;
    /** Of the first and the last that was looked at, ns since 1970; null: none was. */
    readonly time: { readonly first: bigint; readonly last: bigint } | null;
  }>;
  /** Whether points were counted by a sample of each batch: some were not looked at. */
  readonly sampled: boolean;
  /** What this load brought to the target; `more` counts tables. */
  readonly introduced: Some<{
    readonly table: string;
    readonly isNew: boolean;
    readonly columns: Some<string>;
  }>;
  /** An unfinished load, or input, that was given up for a fresh start; and what was kept of it. `input` null: all of them. */
  readonly abandoned: Some<{ readonly input: number | null; readonly kept: string | null }>;
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
