// Settings → the target they name.

import { answerBytes } from './memory.js';
import type { Clock, Notice, Precision, Target } from './model.js';
import type { Settings } from './settings/settings.js';
import { cnosdb } from './target/cnosdb.js';

export interface TargetContext {
  readonly version: string;
  readonly clock: Clock;
  readonly notify: (notice: Notice) => void;
  /** The database is dropped before it is created anew. */
  readonly dropExisting?: boolean;
}

export function createTarget(settings: Settings, { version, clock, notify, dropExisting }: TargetContext): Target {
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
