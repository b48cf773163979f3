// Ends a run: closes its parts, decides the outcome, and builds the summary.

import type { Settings } from '../../config/settings.js';
import type { BulkLoadError } from '../../core/errors.js';
import { outcomes } from '../../core/outcomes.js';
import type { RunDetails, Summary } from '../../core/types/index.js';
import type { Watchdog } from '../../flow-control/own-memory/watchdog.js';
import type { RunAccount } from '../account.js';
import { accepts, type Ledger } from '../ledger/ledger.js';
import { outcomeOf } from '../ledger/summarize.js';
import type { RunEnding } from '../resume/resume-state.js';
import type { RunControl } from '../run-control.js';
import { verifyError } from '../stages/verify.js';
import type { LoadContext, LoadResult } from '../types.js';
import { summaryOf } from './run-facts.js';

/** Ends a run and returns its result. Throws BugError if the totals do not balance. */
export async function finish(
  settings: Settings,
  context: LoadContext,
  control: RunControl,
  account: RunAccount,
): Promise<LoadResult> {
  const { resume, phases, resident, facts } = account;
  let reported = false;
  try {
    phases.begin('ending');
    await closeAll(settings, context, control, account);
    const result = resultOf(settings, context, control, account);
    // Reads the peak of memory at each call, because writing a large summary may raise the peak.
    const latest = (): LoadResult => withMemory(result, facts.watchdog);
    await context.writeResults?.(latest);
    reported = true;
    return latest();
  } finally {
    facts.watchdog?.close();
    resident.close();
    // Removes the checkpoint only after the results are written. If the process dies before that, the next run can
    // write the results.
    await resume.end(reported);
  }
}

/** Builds the result. Throws BugError if the totals do not balance. */
function resultOf(settings: Settings, context: LoadContext, control: RunControl, account: RunAccount): LoadResult {
  const { ledger, resume, details, facts } = account;
  const { catalogue, verified } = facts;
  ledger.assertBalanced(control.reason !== null);
  const ended = outcomeAtEnd(settings, account);
  const error =
    control.reason ?? ended.error ?? (verified === null ? null : verifyError(verified, ledger.total.loaded));
  const summary = summaryOf(facts, {
    ...{ version: context.version, startedMs: control.startedMs, error, verify: verified, target: facts.description },
    outcome: error?.outcome ?? ended.outcome,
    exitCode: error?.exitCode ?? outcomes[ended.outcome].exitCode,
    continueWith: continueWith(error, context, account),
    inputs: context.inputs.map(({ name }, i) => ({ name, format: account.status.formatOf(i) ?? settings.format })),
    introduced: catalogue?.introduced ?? { tables: 0, columns: 0 },
    resumedFromByte: (i) => resume.earlier.resumedFrom(i),
    checkpoint: resume.checkpoint,
    shard: context.shard ?? null,
    deadLetters: account.deadLetters.paths,
  });
  const runDetails: RunDetails | null = details && {
    rejects: details.rejects(),
    tables: details.tables(),
    sampled: details.sampled,
    introduced: catalogue?.introductions ?? { shown: [], more: 0 },
    abandoned: resume.abandoned,
  };
  return { summary, examples: ledger.examples, error, details: runDetails };
}

/**
 * Adds the peak of memory so far to the result. If the result has no error, a peak above the limit becomes its error.
 */
function withMemory(result: LoadResult, watchdog: Watchdog | null): LoadResult {
  if (watchdog === null) return result;
  const excess = result.error === null ? watchdog.excess : null;
  const { memory: before } = result.summary;
  const peakRssBytes = Math.max(before.peakRssBytes, watchdog.account.peakRssBytes);
  const memory = { ...before, ...watchdog.account, peakRssBytes };
  if (excess === null) return { ...result, summary: { ...result.summary, memory } };
  const { outcome, exitCode, message: reason } = excess;
  return { ...result, error: excess, summary: { ...result.summary, memory, outcome, exitCode, reason } };
}

/**
 * Closes all parts of the run. An error while closing becomes the error of the run, unless the run already has an
 * error.
 */
async function closeAll(
  settings: Settings,
  { target, reuse }: LoadContext,
  control: RunControl,
  account: RunAccount,
): Promise<void> {
  const { resume, facts } = account;
  facts.writer?.close();
  facts.throttle?.close();
  // Waits for a flush in progress. If a flush of CnosDB is cut off, CnosDB never flushes the rows of this flush, and
  // the next flush hangs.
  await facts.throttle?.idle();
  control.close();
  await (reuse === undefined ? facts.formats?.close() : reuse.takeBack(control.reason === null));
  await resume.close(endingOf(settings, control.reason, account)).catch(control.end);
  await target.close(control.reason === null).catch(control.end);
  control.close();
}

function endingOf(settings: Settings, reason: BulkLoadError | null, account: RunAccount): RunEnding {
  const { ledger } = account;
  const { read } = ledger.total;
  if (reason?.outcome === 'usage' && ledger.settled === 0) return 'not-started';
  if (reason !== null || read !== ledger.settled) return 'stopped';
  return outcomeAtEnd(settings, account).error === null ? 'finished' : 'stopped';
}

function outcomeAtEnd(settings: Settings, { ledger, resume }: RunAccount): ReturnType<typeof outcomeOf> {
  // With --skip-loaded, the points of inputs that an earlier load finished also count for --min-points.
  return outcomeOf(ledger, settings.minPoints - resume.skippedPoints, isAccepted(settings, ledger));
}

function isAccepted({ acceptRejects }: Settings, { total }: Ledger): boolean {
  return accepts(total.rejected, total.read, acceptRejects);
}

/** Returns the command that resumes the load; null if another run cannot succeed. */
function continueWith(
  error: BulkLoadError | null,
  { command }: LoadContext,
  { resume }: RunAccount,
): Summary['continueWith'] {
  return error?.retryHelps ? (command?.(resume.pointsToSkip) ?? null) : null;
}
