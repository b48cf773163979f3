// Settings → the target they name. The only place that knows every kind.

import type { Settings } from '../config/settings.js';
import type { Clock, Input, Notice, Precision, Target, TargetKind } from '../core/types/index.js';
import { answerBytes } from '../load/plan-memory.js';
import type { StandardOutput } from './dry-run/output-sink.js';
import type { HttpOptions, LinesOptions } from './http/types.js';
import type { Dialect } from './lines/dialect.js';

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

type MakeDialect = (options: LinesOptions) => Promise<Dialect>;

/** Each is loaded when it is the target. */
const dialects: Record<Exclude<TargetKind, 'cnosdb'>, MakeDialect> = {
  influxdb1: async (options) => new (await import('./influxdb1/influxdb1.js')).Influxdb1(options),
  influxdb2: async (options) => new (await import('./influxdb2/influxdb2.js')).Influxdb2(options),
  influxdb3: async (options) => new (await import('./influxdb3/influxdb3.js')).Influxdb3(options),
  victoriametrics: async (options) =>
    new (await import('./victoriametrics/victoriametrics.js')).VictoriaMetrics(options),
};

export async function createTarget(settings: Settings, context: TargetContext): Promise<Target> {
  return settings.dryRun === null ? await server(settings, context) : await dry(settings.dryRun, context);
}

async function dry(path: string, { stdout, inputs, clock }: TargetContext): Promise<Target> {
  const [{ dryRun }, { file, standardOutput }] = await Promise.all([
    import('./dry-run/dry-run.js'),
    import('./dry-run/output-sink.js'),
  ]);
  const paths = inputs.map((input) => input.path);
  return dryRun(path === '-' ? standardOutput(stdout) : file(path, paths), clock);
}

async function server(settings: Settings, context: TargetContext): Promise<Target> {
  const { target, tenant, token, precision } = settings;
  const options = optionsOf(settings, context);
  if (target === 'cnosdb') {
    const { cnosdb } = await import('./cnosdb/cnosdb.js');
    const dropExisting = context.dropExisting ?? false;
    // CnosDB takes anything but ms, us and ns for ns, without a word; seconds are sent as milliseconds.
    const unit = precision === 's' ? 'ms' : (precision satisfies Precision);
    return cnosdb({ ...options, precision: unit, tenant, dropExisting }, context.clock);
  }
  const asked = { ...options, precision, token, org: tenant };
  const [{ LinesTarget }, dialect] = await Promise.all([import('./lines/lines-target.js'), dialects[target](asked)]);
  return new LinesTarget(target, dialect, asked, context.clock);
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
