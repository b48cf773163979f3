// The contract of a kind of target. A kind is a folder that exports a descriptor, and one line of the registry.

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
  /** Retention policy of InfluxDB 1; null: the default policy of the database. */
  readonly rp: string | null;
  readonly precision: InputPrecision;
  readonly createDb: boolean;
  readonly dbOptions: string | null;
  readonly compression: 'auto' | 'none' | 'gzip' | 'zstd';
  readonly insecure: boolean;
  /** PEM texts. */
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Null: the environment may name a proxy. `none`: direct connections. */
  readonly proxy: ProxyUrl | 'none' | null;
  readonly workers: number;
  readonly waitForTargetMs: number;
  /** A file, or `-` for standard output; null: points are sent. */
  readonly dryRun: string | null;
}

/** Everything that a target needs beside the settings. */
export interface TargetContext {
  readonly version: string;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
  /** Names proxies; absent: only `--proxy` does. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives the points of `--dry-run=-`. */
  readonly stdout: StandardOutput;
  /** Files that `--dry-run` must not overwrite. */
  readonly inputs: readonly Input[];
  /** Longest response to a query, in bytes. */
  readonly maxResponseBytes: number;
  /** Threads that may compress bodies. */
  readonly compressionThreads: number;
  /** Drop the database before it is created anew. */
  readonly dropExisting?: boolean;
}

export interface TargetDeps extends TargetContext {
  readonly settings: TargetSettings;
}

/** Name limits of the targets whose index takes series keys of 64 KiB. */
export const longNames: NameLimits = { ...strictestNameLimits, seriesKeyBytes: 65_535, slashes: true };

/** Name limits of InfluxDB 1 and 2. */
export const influxNames: NameLimits = { ...longNames, backslashes: true, sharedNames: true, leadingPoints: true };

/** Options by key, as the rules of a target see them: parsed, null where unset. */
export type OptionsByKey = Readonly<Record<string, unknown>>;

/** A problem of one option: phrases for the composer of messages. */
export interface OptionProblem {
  readonly key: string;
  readonly expected: string;
  readonly found: string;
  readonly fix: string;
}

/** One kind of target. Its module stays light: `create` imports the rest. */
export interface TargetDescriptor {
  /** Value of `--target`. */
  readonly kind: string;
  /** Name for people. */
  readonly title: string;
  /** Port of the URL where `--url` is missing. */
  readonly defaultPort: number;
  readonly traits: TargetTraits;
  /** Values of options that depend on the target. */
  readonly defaults: { readonly user: string; readonly tenant: string; readonly targetMemory: string };
  /** Whether it decompresses zstd bodies. */
  readonly takesZstd: boolean;
  /** Whether every write names a database. */
  readonly needsDatabase: boolean;
  readonly nameLimits: NameLimits;
  /** Options without a meaning for this target, with what to do instead. */
  readonly unsupportedOptions: Readonly<Record<string, string>>;
  /** Problems by option key. Values of options that are already invalid are missing. */
  validate(options: OptionsByKey): readonly OptionProblem[];
  create(deps: TargetDeps): Promise<Target>;
}
