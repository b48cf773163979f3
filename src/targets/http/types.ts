// What a target has to be told.

import type { InputPrecision, Notice, Precision } from '../../core/types/index.js';
import type { TargetDeps } from '../types.js';
import type { Compression } from './encode-body.js';

/** For https. PEM texts; null: the authorities that Node knows, and no certificate of our own. */
export interface TlsOptions {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** The target's certificate is not checked. */
  readonly insecure: boolean;
}

/** What every one has to be told that is spoken to over HTTP. */
export interface HttpOptions {
  /**
   * `origin`: scheme, host, port, and a path when the target is behind a proxy that adds one. `shown`: the same as people
   * may see it, without credentials.
   */
  readonly urls: readonly { readonly shown: string; readonly origin: string }[];
  readonly db: string;
  readonly user: string;
  readonly password: string;
  /** Unit of the timestamps in the input: for the guard against a database that would merge points. */
  readonly inputPrecision: InputPrecision;
  readonly createDb: boolean;
  /** Verbatim after WITH. */
  readonly dbOptions: string | null;
  readonly compression: Compression;
  readonly headers: readonly (readonly [string, string])[];
  readonly tls: TlsOptions;
  /** Connections to each endpoint: as many as there may be writers. */
  readonly connections: number;
  readonly waitForTargetMs: number;
  /** Longest answer to a question, bytes; 64 MiB unless told. */
  readonly answerBytes?: number;
  /** For User-Agent. */
  readonly version: string;
  readonly notify?: (notice: Notice) => void;
}

export interface CnosdbOptions extends HttpOptions {
  /** Unit of the timestamps in request bodies. */
  readonly precision: Precision;
  readonly tenant: string;
  /** Before it is created anew, the database is dropped with all that is in it. */
  readonly dropExisting?: boolean;
}

/** For those that take line protocol but are no CnosDB. */
export interface LinesOptions extends HttpOptions {
  /** Unit of the timestamps in request bodies. */
  readonly precision: InputPrecision;
  /** In place of user and password; null: none. */
  readonly token: string | null;
  /** Of InfluxDB 2; empty: none. */
  readonly org: string;
}

function httpOptions({ settings, version, notify, maxResponseBytes }: TargetDeps): HttpOptions {
  const { urls, db, user, password, createDb, dbOptions, compression, waitForTargetMs } = settings;
  return {
    urls,
    db,
    user,
    password,
    inputPrecision: settings.precision,
    createDb,
    dbOptions,
    compression,
    tls: { ...settings.tls, insecure: settings.insecure },
    headers: settings.headers.map(({ name, value }) => [name, value] as const),
    connections: settings.workers,
    waitForTargetMs,
    answerBytes: maxResponseBytes,
    version,
    notify,
  };
}

export function cnosdbOptions(deps: TargetDeps): CnosdbOptions {
  const { precision, tenant } = deps.settings;
  // CnosDB silently reads an unknown precision as ns, so seconds are sent as milliseconds.
  const unit = precision === 's' ? 'ms' : precision;
  return { ...httpOptions(deps), precision: unit, tenant, dropExisting: deps.dropExisting ?? false };
}

export function linesOptions(deps: TargetDeps): LinesOptions {
  const { precision, token, tenant } = deps.settings;
  return { ...httpOptions(deps), precision, token, org: tenant };
}
