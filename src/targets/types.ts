// The contract of a kind of target. A kind consists of a folder, which exports a descriptor, and one line in
// registry.ts.

import type { ProxyUrl } from '../core/network/proxy-url.js';
import {
  type Clock,
  type Input,
  type InputPrecision,
  type NameLimits,
  type Notice,
  strictestNameLimits,
  type Target,
  type TargetTraits,
} from '../core/types/index.js';
import type { StandardOutput } from './dry-run/output-sink.js';

/** The settings that targets read. */
export interface TargetSettings {
  readonly urls: readonly { readonly shown: string; readonly origin: string }[];
  readonly db: string;
  readonly tenant: string;
  readonly user: string;
  readonly password: string;
  readonly token: string | null;
  /** Retention policy of InfluxDB 1; null for the default policy of the database. */
  readonly rp: string | null;
  readonly precision: InputPrecision;
  readonly createDb: boolean;
  readonly dbOptions: string | null;
  readonly compression: 'auto' | 'none' | 'gzip' | 'zstd';
  readonly insecure: boolean;
  /** PEM texts of CA certificates, client certificate and private key. */
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Proxy; null if environment variables may name a proxy; `none` if connections must be direct. */
  readonly proxy: ProxyUrl | 'none' | null;
  readonly workers: number;
  readonly waitForTargetMs: number;
  /** Path of the output file, or `-` for standard output; null to send the points. */
  readonly dryRun: string | null;
}

/** Everything that a target needs in addition to the settings. */
export interface TargetContext {
  readonly version: string;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
  /** Environment variables that may name proxies; absent if only `--proxy` may name a proxy. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives the points of `--dry-run=-`. */
  readonly stdout: StandardOutput;
  /** Files that `--dry-run` must not overwrite. */
  readonly inputs: readonly Input[];
  /** Longest response to a query, in bytes. */
  readonly maxResponseBytes: number;
  /** Number of threads that may compress bodies. */
  readonly compressionThreads: number;
  /** True to drop the database before creating it. */
  readonly dropExisting?: boolean;
}

export interface TargetDeps extends TargetContext {
  readonly settings: TargetSettings;
}

/** Name limits of targets that accept series keys of 64 KiB. */
export const longNames: NameLimits = { ...strictestNameLimits, seriesKeyBytes: 65_535, slashes: true };

/** Name limits of InfluxDB 1 and 2. */
export const influxNames: NameLimits = { ...longNames, backslashes: true, sharedNames: true, leadingPoints: true };

/** Parsed values of the options by key, which `validate` of a target checks; null for an option that is not set. */
export type OptionsByKey = Readonly<Record<string, unknown>>;

/** A problem of one option. `expected`, `found` and `fix` are phrases for the error message. */
export interface OptionProblem {
  readonly key: string;
  readonly expected: string;
  readonly found: string;
  readonly fix: string;
}

/** One kind of target. Importing a descriptor is fast, because only its `create` imports the rest of the target. */
export interface TargetDescriptor {
  /** Value of `--target`. */
  readonly kind: string;
  /** Name in messages. */
  readonly title: string;
  /** Port of the default URL. */
  readonly defaultPort: number;
  readonly traits: TargetTraits;
  /** Default values of the options whose default depends on the target. */
  readonly defaults: { readonly user: string; readonly tenant: string; readonly targetMemory: string };
  /** True if the target decompresses zstd bodies. */
  readonly takesZstd: boolean;
  /** True if every write names a database. */
  readonly needsDatabase: boolean;
  readonly nameLimits: NameLimits;
  /** Options that this target does not support, each with advice to the user. */
  readonly unsupportedOptions: Readonly<Record<string, string>>;
  /** Returns problems of the options. Options with invalid values are absent from `options`. */
  validate(options: OptionsByKey): readonly OptionProblem[];
  create(deps: TargetDeps): Promise<Target>;
}
