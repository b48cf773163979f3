// Connects an audit with inputs, target and state.

import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type AuditContext, type AuditPhase, audit } from '../../audit/audit.js';
import type { Settings } from '../../config/settings.js';
import { UsageError } from '../../core/errors.js';
import { count, plural } from '../../core/text.js';
import { clock } from '../../core/time/system-clock.js';
import type { AuditReport, Input, Notice, Target } from '../../core/types/index.js';
import { version } from '../../core/version.js';
import { wrapObject } from '../../core/wrap-object.js';
import { RateLimit } from '../../delivery/rate-limit.js';
import { openPath } from '../../inputs/open.js';
import { namesOf, sentPrecision } from '../../load/account.js';
import { load } from '../../load/pipeline.js';
import { lockLost, takeLoadLock } from '../../state/locks/load-lock.js';
import { prepareStateDir } from '../../state/state-dir.js';
import { targetKinds } from '../../targets/registry.js';
import type { TargetDescriptor } from '../../targets/types.js';
import { contentIdentity, readAuditInputs } from './audit-inputs.js';
import type { AuditOptions } from './audit-options.js';

export interface AuditRun {
  readonly settings: Settings;
  readonly options: AuditOptions;
  readonly inputs: readonly Input[];
  readonly named: readonly string[];
  readonly target: Target;
  readonly limitBytes: number;
  readonly stop: AbortSignal;
  readonly abort: AbortSignal;
  readonly notify: (notice: Notice) => void;
}

/** Share of the memory limit that the comparison of points may use. Reading and parsing use the rest. */
const comparisonShare = 1 / 4;
const progressMs = 60_000;

/**
 * Runs an audit to its end. Throws the error that ends the audit. After an error, the next run with the same options
 * resumes the audit.
 */
export async function runAuditOf(run: AuditRun): Promise<AuditReport> {
  const { settings, options, inputs, target, notify } = run;
  const lockLoss = new AbortController();
  const stop = AbortSignal.any([run.stop, lockLoss.signal]);
  const scan = target.scan?.bind(target);
  if (scan === undefined || target.traits.scans !== true) throw notReadable(settings.target);
  const content = await contentIdentity(inputs, stop);
  const description = await target.describe(stop);
  const names = namesOf(settings, { ...run, targetKind: 'audit' });
  const folder = join(settings.stateDir, `${names.load}.audit`);
  await prepareStateDir(settings.stateDir);
  await prepareStateDir(folder);
  const lost = (): void => lockLoss.abort(lockLost('auditing', 'the lock of the audit'));
  const lock = await takeLoadLock(join(settings.stateDir, `${names.load}.lock`), { clock, signal: stop, notify, lost });
  try {
    if (settings.fresh) await rm(join(folder, 'windows.json'), { force: true });
    const reading = { ...run, stop, version: version(), clock, description, traits: target.traits, folder };
    const rate = new RateLimit({ pointsPerSecond: settings.ratePoints, bytesPerSecond: settings.rateBytes }, clock);
    const precision = sentPrecision(settings.precision, target);
    const context: AuditContext = {
      readInputs: (take) => readAuditInputs(settings, reading, take),
      precision,
      scan,
      targetTables: async () => [...new Set((await target.columns(stop)).map(({ table }) => table))],
      admit: (points, bytes) => rate.admit(points, bytes, stop),
      since: options.since,
      until: options.until,
      repair: options.repair ? (file) => repair({ ...run, stop }, file, folder, precision) : null,
      folder,
      identity: identityOf(run, content),
      memoryBytes: Math.floor(run.limitBytes * comparisonShare),
      retryForMs: settings.retryForMs,
      clock,
      signal: stop,
      notify,
      progress: settings.progress === 'none' ? () => {} : progressNotices(notify),
    };
    const report = await audit(context);
    await rm(folder, { recursive: true, force: true });
    return report;
  } finally {
    lock.release();
  }
}

function notReadable(kind: string): UsageError {
  const readable = targetKinds.filter(({ traits }: TargetDescriptor) => traits.scans === true);
  const expected = `a target whose tables can be read back: ${readable.map((each) => each.kind).join(', ')}`;
  const fix =
    'count the points of the target with your own queries, and compare the counts with the summary of the load';
  return new UsageError([{ tried: `auditing --target ${kind}`, expected, found: kind, fix }]);
}

/** Returns a hash of the inputs and options. A run resumes an earlier audit only if the hash is equal. */
function identityOf({ settings, options }: AuditRun, content: readonly unknown[]): string {
  const { urls, rp, limit, skipPoints, expectTime, maxPointBytes } = settings;
  const { since, until } = options;
  const parts = [urls.map(({ origin }) => origin).sort(), rp, limit, skipPoints, expectTime, maxPointBytes];
  const text = JSON.stringify([version(), ...parts, String(since), String(until), content]);
  return createHash('sha256').update(text).digest('hex');
}

/** Loads the points in the repair file with an ordinary load. */
async function repair(run: AuditRun, file: string, folder: string, precision: Settings['precision']): Promise<void> {
  const { settings, target, stop, abort, notify } = run;
  const { size } = await stat(file);
  const input: Input = { name: file, path: file, size, open: (signal, room) => openPath(file, file, signal, room) };
  const { error } = await load(
    { ...settings, ...plainLines, precision, stateDir: folder },
    {
      ...{ version: version(), clock, stop, abort, notify, inputs: [input], command: null, watch: () => {} },
      target: wrapObject(target, { close: () => Promise.resolve() }),
    },
  );
  if (error !== null) throw error;
}

/** Settings for loading the repair file, which holds valid points of line protocol. */
const plainLines = {
  format: 'lp',
  measurement: null,
  tags: null,
  fields: null,
  timeColumn: null,
  contexts: null,
  expectTime: null,
  limit: null,
  skipPoints: 0,
  fresh: true,
  verify: false,
} as const satisfies Partial<Settings>;

const phases: Readonly<Record<AuditPhase, readonly [doing: string, one: string, many: string]>> = {
  windows: ['comparing the target', 'window', 'windows'],
  points: ['comparing windows with different hashes point by point', 'query', 'queries'],
  repair: ['loading points again', 'point', 'points'],
  check: ['checking the repaired windows', 'query', 'queries'],
};

/** Reports the start of each phase, and the phase's progress once a minute. */
function progressNotices(notify: (notice: Notice) => void): AuditContext['progress'] {
  let last: { phase: AuditPhase; at: number } | null = null;
  return (phase, done, of) => {
    const now = clock.monotonic();
    if (last?.phase === phase && now - last.at < progressMs) return;
    last = { phase, at: now };
    const [doing, one, many] = phases[phase];
    const message = `${doing}: ${done === 0 ? '' : `${count(done)} of `}${plural(of, one, many)}`;
    notify({ level: 'info', kind: `audit-${phase}`, message });
  };
}
