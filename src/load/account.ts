// Creates the account of a run: its totals, its checkpoint and dead letters, and the details of the report page.

import { readingIdentity } from '../config/identity.js';
import type { Settings } from '../config/settings.js';
import type { InputPrecision, Target } from '../core/types/index.js';
import { unitNanoseconds } from '../core/units.js';
import { residentMemory } from '../flow-control/own-memory/resident.js';
import { DeadLetters } from '../state/dead-letters/dead-letters.js';
import { DetailCollector } from './ledger/detail-collector.js';
import { Ledger } from './ledger/ledger.js';
import { loadName } from './ledger/load-name.js';
import { Meter } from './ledger/meter.js';
import { options } from './option-table.js';
import type { RunFacts } from './outcome/run-facts.js';
import { RunPhases } from './outcome/run-phases.js';
import { ResumeState } from './resume/resume-state.js';
import type { RunControl } from './run-control.js';
import { ReadStatus } from './stages/read-status.js';
import type { LoadContext } from './types.js';

export interface RunAccount {
  readonly ledger: Ledger;
  readonly meter: Meter;
  readonly deadLetters: DeadLetters;
  readonly resume: ResumeState;
  readonly status: ReadStatus;
  readonly phases: RunPhases;
  /** Collects the details of the report page; null without --report. */
  readonly details: DetailCollector | null;
  readonly resident: ReturnType<typeof residentMemory>;
  /** Parts of the run that snapshots and the summary read. A part is null until the run has created it. */
  readonly facts: RunFacts;
}

/** Creates the account of a run. Does not open files yet. */
export function openAccount(settings: Settings, context: LoadContext, control: RunControl): RunAccount {
  const { inputs, target, clock, notify } = context;
  const names = namesOf(settings, context);
  // Dead letters are in UTF-8. If --encoding has another value, a byte order mark at their start overrides --encoding.
  // So dead letters can be loaded with the same options.
  const mark = Buffer.from(settings.encoding === 'utf-8' ? '' : '\ufeff');
  const deadLetters = new DeadLetters(settings.stateDir, names.load, {
    mark,
    maxBytes: settings.maxRejectBytes ?? Number.POSITIVE_INFINITY,
  });
  const inputNames = inputs.map(({ name }) => name);
  const ledger = new Ledger(inputNames, deadLetters, settings.maxRejected, context.fleet);
  const { startedMs, startedAt, stop, end } = control;
  const resume = new ResumeState(
    { options: settings, inputs, clock, startedMs, names, signal: stop, notify, end },
    deadLetters,
    ledger,
  );
  const details = settings.report === null ? null : detailCollector(settings, target);
  if (details !== null) ledger.onBooked((batch, receipt, stored) => details.book(batch, receipt, stored));
  const meter = new Meter();
  const status = new ReadStatus(inputs, clock);
  const phases = new RunPhases(clock);
  const resident = residentMemory();
  const facts: RunFacts = {
    ...{ inputs, clock, startedAt, ledger, meter, resume, status, phases, limit: settings.limit },
    endpoints: () => target.endpoints(),
    rssBytes: () => resident.bytes(),
    ...{
      memory: null,
      watchdog: null,
      description: null,
      catalogue: null,
      formats: null,
      throttle: null,
      writer: null,
      verified: null,
    },
  };
  return { ledger, meter, deadLetters, resume, status, phases, details, resident, facts };
}

/**
 * Returns the precision of timestamps in requests: the precision of the inputs, or ms if the target does not accept
 * seconds.
 */
export function sentPrecision(precision: InputPrecision, { traits }: Pick<Target, 'traits'>): InputPrecision {
  return precision === 's' && !traits.sendsSeconds ? 'ms' : precision;
}

function detailCollector({ measurement, precision }: Settings, target: Target): DetailCollector {
  const table = measurement === null || measurement.includes('{') ? null : measurement;
  const unitNs = unitNanoseconds[sentPrecision(precision, target)];
  return new DetailCollector({ table, unitNs, random: Math.random });
}

/**
 * Returns two hashes. `load` is computed from the target, the inputs and the options for reading. `database` is
 * computed without the inputs, so it is equal for all loads into this database with the same options.
 */
export function namesOf(
  settings: Settings,
  context: Pick<LoadContext, 'inputs' | 'named' | 'targetKind'>,
): { readonly load: string; readonly database: string } {
  const { tenant, db, precision, dryRun } = settings;
  const target = context.targetKind ?? (dryRun === null ? settings.target : 'dry-run');
  const format = readingIdentity(options, settings);
  const name = (inputs: readonly string[]): string =>
    loadName({ target, tenant, database: db, inputs, format, precision });
  const named = context.named ?? context.inputs.map(({ path }) => path ?? '-');
  return { load: name(named), database: name([]) };
}
