// Settings → the target they name. The only place that knows every kind.

import { answerBytes } from './memory.js';
import type { Clock, Input, Notice, Precision, Target, TargetKind } from './model.js';
import type { Settings } from './settings/settings.js';
import { cnosdb } from './target/cnosdb.js';
import { dryRun } from './target/dry-run.js';
import { Influxdb1 } from './target/influxdb1/influxdb1.js';
import { Influxdb2 } from './target/influxdb2/influxdb2.js';
import { Influxdb3 } from './target/influxdb3/influxdb3.js';
import type { Dialect } from './target/lines/dialect.js';
import { LinesTarget } from './target/lines/target.js';
import type { HttpOptions, LinesOptions } from './target/options.js';
import { file, type Outlet, type StandardOutput, standardOutput } from './target/outlet.js';
import { VictoriaMetrics } from './target/victoriametrics/victoriametrics.js';

export interface TargetContext {
  readonly version: string;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
  /** What `--dry-run` may write to, and what it must not write over. */
  readonly stdout: StandardOutput;
  readonly inputs: readonly Input[];
  /** The database is dropped before it is created anew. */
  readonly dropExisting?: boolean;
}

const dialects: Record<Exclude<TargetKind, 'cnosdb'>, new (options: LinesOptions) => Dialect> = {
  influxdb1: Influxdb1,
  influxdb2: Influxdb2,
  influxdb3: Influxdb3,
  victoriametrics: VictoriaMetrics,
};

export function createTarget(settings: Settings, context: TargetContext): Target {
  return settings.dryRun === null
    ? server(settings, context)
    : dryRun(outletOf(settings.dryRun, context), context.clock);
}

function outletOf(path: string, { stdout, inputs }: TargetContext): Outlet {
  return path === '-'
    ? standardOutput(stdout)
    : file(
        path,
        inputs.map((input) => input.path),
      );
}

function server(settings: Settings, context: TargetContext): Target {
  const { target, tenant, token, precision } = settings;
  const options = optionsOf(settings, context);
  if (target === 'cnosdb') {
    const dropExisting = context.dropExisting ?? false;
    // CnosDB takes anything but ms, us and ns for ns, without a word; seconds are sent as milliseconds.
    const unit = precision === 's' ? 'ms' : (precision satisfies Precision);
    return cnosdb({ ...options, precision: unit, tenant, dropExisting }, context.clock);
  }
  const asked = { ...options, precision, token, org: tenant };
  return new LinesTarget(target, new dialects[target](asked), asked, context.clock);
}

function optionsOf(settings: Settings, { version, notify }: TargetContext): HttpOptions {
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
    answerBytes: answerBytes(settings),
    version,
    notify,
  };
}
