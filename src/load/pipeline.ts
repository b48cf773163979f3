// One load, from the names of its inputs to its summary. Read this file first: every stage is one step below.

import { Arena } from '../batching/arena.js';
import { Batcher } from '../batching/batcher.js';
import { coalesce } from '../batching/coalescer.js';
import type { Settings } from '../config/settings.js';
import { InputError, UsageError } from '../core/errors.js';
import { isCounted } from '../core/types/index.js';
import { exclusiveBatches } from '../delivery/exclusive-batches.js';
import { runWriters } from '../delivery/writers.js';
import { openAccount } from './account.js';
import { finish } from './outcome/finish.js';
import { snapshotOf } from './outcome/run-facts.js';
import { prepare } from './prepare.js';
import { RunControl } from './run-control.js';
import { boundsOf, bucketsOf, schemaGuard, unexpectedTimes } from './stages/acceptance.js';
import { InputReader } from './stages/input-reader.js';
import { assertParsed } from './stages/nothing-parsed.js';
import { WriteStage } from './stages/write-stage.js';
import type { LoadContext, LoadResult } from './types.js';

export type { LoadContext, LoadResult } from './types.js';

/**
 * Loads the inputs. Errors of inputs, target or machine are part of the result. Throws only BugError, when the totals
 * do not balance.
 */
export async function load(settings: Settings, context: LoadContext): Promise<LoadResult> {
  const { inputs, target, clock, notify, fleet } = context;
  const control = new RunControl(context);
  const account = openAccount(settings, context, control); // load/ledger and load/resume: totals, checkpoint, dead letters
  const { ledger, resume, phases, facts } = account;
  try {
    // flow-control/, inputs/, targets/: plan the memory, resume, connect to the target. Nothing is sent yet.
    const plan = await prepare(settings, context, control, account);
    const { database, catalogue, memory, watchdog, formats, budget, throttle, verification, status } = plan;

    const writer = new WriteStage({
      ...{ settings, target, clock, notify, memory, watchdog, throttle, catalogue, account, verification },
      ...{ control, currentInput: () => status.inputs.current, fleet: fleet ?? null },
    });
    const hasSent = (): boolean => writer.hasSent || ledger.settled > 0;
    const reader = new InputReader({
      ...{ inputs, formats, budget, status, ledger, clock, notify },
      signal: control.stop,
      limit: settings.limit,
      onInputError: settings.onInputError,
      hasSent,
      beforeClose: (input) => resume.closeInput(input),
      afterInput: async () => (settings.inOrder ? await writer.idle() : undefined),
    });
    const guard = schemaGuard({
      ...{ database, catalogue, db: settings.db, exclusive: target.traits.firstWriteExclusive },
      rejectsNewColumns:
        context.shard !== undefined &&
        fleet === undefined &&
        target.traits.firstWriteExclusive &&
        settings.dryRun === null,
      assertColumnsFit: plan.assertColumnsFit,
    });
    const arena = context.reuse?.arena(memory.slots, memory) ?? new Arena(memory.slots, memory);
    const bodyBytes = (): number => writer.sizes.current;
    const batcher = new Batcher(arena, guard, ledger, clock, {
      bodyBytes,
      points: settings.batchPoints,
      lingerMs: settings.batchLingerMs,
      precision: settings.precision,
      sendsSeconds: target.traits.sendsSeconds,
      startMs: resume.startMs,
      limit: settings.limit ?? Number.POSITIVE_INFINITY,
      skipPoints: settings.skipPoints,
      bounds: boundsOf(database, settings, control.startedMs),
      ...bucketsOf(database, settings, resume.startMs),
      unexpectedTimes: (timestamp, line) => {
        const problem = unexpectedTimes(status.inputs.current ?? '', { timestamp, line }, settings);
        return hasSent() ? new InputError(problem) : new UsageError([problem]);
      },
    });
    facts.writer = writer;
    context.watch(() => snapshotOf(facts), plan.description, memory);
    control.limitDuration(settings.maxDurationMs);
    phases.begin('sending');

    // inputs/ opens and decompresses each input.
    const filled = reader.each(async function* (input, source) {
      const start = await resume.beginInput(input, source, batcher.reached); // state/: where an earlier run stopped
      if (start === null) return;
      const { runs, format } = await reader.parse(input, source, start); // formats/: bytes become points
      yield* batcher.batches(input, runs, control.stop, start, format); // batching/: points become batches, by schema/
      if (batcher.rest !== null) resume.inputRead(input, batcher.rest);
      const isWhole = start.place.byteOffset === 0 && inputs[input]!.piece === undefined;
      if (isWhole) assertParsed(status.inputs.current ?? '', format, batcher.parsed);
    });
    const combines = arena.slots > 1 && !settings.inOrder;
    const batches = !combines // batching/: small inputs share a request
      ? filled
      : coalesce(filled, {
          ...{ bodyBytes, clock, points: settings.batchPoints, lingerMs: settings.batchLingerMs },
          abandon: ({ span, points, rejects }) => ledger.abandon(span.input, points + rejects.filter(isCounted).length),
        });
    const ordered = exclusiveBatches(batches, writer.inFlight, target.traits.firstWriteExclusive);
    try {
      // delivery/, targets/: each writer sends a batch and books its receipt. load/ledger counts it.
      await runWriters(memory.slots, writer.gate, ordered, (batch) => writer.send(batch));
    } finally {
      await ordered.return();
    }

    if (verification !== null && !control.stop.aborted) {
      phases.begin('verifying'); // targets/: a sample is read back
      writer.verifying();
      facts.verified = await verification.report(target, control.stop);
    }
  } catch (error) {
    control.end(error);
  }
  return await finish(settings, context, control, account); // reporting/: the outcome and the summary
}
