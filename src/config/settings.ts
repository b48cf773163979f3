// What the rest of the program gets to see of the options: parsed, with the unit in the name.

import type { FieldMapping, InputPrecision, NameLimits, TagMapping } from '../core/types/index.js';
import type { TargetKind } from '../targets/registry.js';
import type { Address } from './address.js';

/** One endpoint of the target, free of credentials. */
export interface Endpoint {
  /** For people. */
  readonly shown: string;
  /** Scheme, host and port, for the HTTP client. */
  readonly origin: string;
}

/** So many points, or so many of a hundred. */
export type Tolerance = { readonly count: number } | { readonly percent: number };

export interface Settings {
  readonly target: TargetKind;
  readonly urls: readonly Endpoint[];
  readonly db: string;
  readonly tenant: string;
  readonly user: string;
  readonly password: string;
  readonly passwordFile: string | null;
  /** Null: none. */
  readonly token: string | null;
  readonly createDb: boolean;
  readonly dbOptions: string | null;
  readonly compression: 'auto' | 'none' | 'gzip' | 'zstd';
  /** Paths; what is in them is in `tls`. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly insecure: boolean;
  /** PEM texts. */
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** A file, or `-` for standard output; null: points are sent. Else there may be no database, and `db` is empty. */
  readonly dryRun: string | null;

  readonly format: 'auto' | 'lp' | 'csv' | 'tsv' | 'ndjson' | 'json' | 'parquet';
  readonly precision: InputPrecision;
  readonly missingTimestamp: 'reject' | 'now';
  /** Bytes. */
  readonly maxPointBytes: number;
  /** What the target can keep of names: not an option, but a matter of `target`. */
  readonly names: NameLimits;
  /** Points; null for all. */
  readonly limit: number | null;
  readonly skipPoints: number;
  readonly minPoints: number;
  /** ms since 1970, `fromMs` included, `toMs` not; null for off. */
  readonly expectTime: { readonly fromMs: number; readonly toMs: number } | null;
  readonly onInputError: 'continue' | 'stop';
  readonly inOrder: boolean;

  /** A name, or `{column}`. */
  readonly measurement: string | null;
  readonly tags: readonly TagMapping[] | null;
  readonly fields: readonly FieldMapping[] | null;
  readonly timeColumn: string | null;
  /** `auto`, an epoch unit, `rfc3339`, or a pattern with `%`. */
  readonly timeFormat: string;
  /** IANA, or an offset such as `+01:00`. */
  readonly timezone: string;
  readonly ambiguousTime: 'reject' | 'earlier' | 'later';
  readonly nullWords: readonly string[] | null;
  /** One byte; null for the format's own. */
  readonly delimiter: string | null;
  /** One byte; null for none. */
  readonly quote: string | null;
  readonly noHeader: boolean;
  readonly skipLines: number;
  /** `data.items`; null where the text itself is a list. */
  readonly jsonPath: string | null;
  readonly encoding: 'utf-8' | 'latin1';

  readonly batchPoints: number;
  readonly batchBytes: number;
  readonly batchLingerMs: number;

  readonly workers: number;
  readonly waitForTargetMs: number;
  /** Null: to be computed from the size of the body. */
  readonly requestTimeoutMs: number | null;
  /** Infinity for forever. */
  readonly retryForMs: number;
  readonly maxRejected: Tolerance;
  readonly acceptRejects: Tolerance;
  /** A second; null for off. */
  readonly ratePoints: number | null;
  readonly rateBytes: number | null;
  /** Null for off. */
  readonly maxDurationMs: number | null;

  /** Null: to be computed from the machine. */
  readonly memoryLimit: { readonly bytes: number } | { readonly percent: number } | null;
  readonly memoryWatchdog: 'on' | 'observe' | 'off';

  /** Bytes of a node; null for off. */
  readonly targetMemory: number | null;
  readonly relieve: boolean;
  /** Bytes; null for off. */
  readonly stage: number | null;

  readonly stateDir: string;
  readonly verify: boolean;
  readonly checkpoint: boolean;
  readonly fresh: boolean;
  readonly onChanged: 'restart' | 'refuse';
  readonly skipLoaded: boolean;

  readonly progress: 'auto' | 'bar' | 'plain' | 'json' | 'none';
  /** `-` for standard output. */
  readonly summary: string | null;
  readonly report: string | null;
  readonly metricsListen: Address | null;
  readonly metricsFile: string | null;
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly quiet: boolean;
  readonly config: string | null;
}

/** Where a setting's value came from. */
export interface Origin {
  readonly source: 'default' | 'file' | 'environment' | 'flag';
  /** `--batch-bytes`, `BULK_LOAD_BATCH_BYTES`, the path of the file, or `default`. */
  readonly name: string;
}
