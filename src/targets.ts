// Settings → the target they name.

import { answerBytes } from './memory.js';
import type { Clock, Input, Notice, Precision, Target } from './model.js';
import type { Settings } from './settings/settings.js';
import { cnosdb } from './target/cnosdb.js';
import { dryRun } from './target/dry-run.js';
import { file, type Outlet, type StandardOutput, standardOutput } from './target/outlet.js';

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

function server(settings: Settings, { version, clock, notify, dropExisting }: TargetContext): Target {
  const { urls, db, tenant, user, password, createDb, dbOptions, compression, waitForTargetMs } = settings;
  return cnosdb(
    {
      urls,
      db,
      tenant,
      user,
      password,
      // CnosDB takes anything but ms, us and ns for ns, without a word; seconds are sent as milliseconds.
      precision: settings.precision === 's' ? 'ms' : (settings.precision satisfies Precision),
      inputPrecision: settings.precision,
      createDb,
      dropExisting: dropExisting ?? false,
      dbOptions,
      compression,
      tls: { ...settings.tls, insecure: settings.insecure },
      headers: settings.headers.map(({ name, value }) => [name, value] as const),
      connections: settings.workers,
      waitForTargetMs,
      answerBytes: answerBytes(settings),
      version,
      notify,
    },
    clock,
  );
}
