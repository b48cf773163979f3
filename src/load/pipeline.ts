// One load, from the names of its inputs to its summary. Read this file first. Each stage names its folder in src/:
//  1. Open the account: totals (load/ledger), checkpoint and dead letters (load/resume, state/).
//  2. Prepare (load/prepare): plan memory (flow-control/), connect (targets/), read the checkpoint (state/).
//  3. Open and decompress an input (inputs/) and go to the place where an earlier run stopped (load/resume).
//  4. Parse: bytes become points (formats/).
//  5. Fill batches with points (batching/) and check their tables and columns (schema/).
//  6. Combine batches of small inputs into one request (batching/).
//  7. Send a batch that introduces a table or column while no other batch is in flight (delivery/).
//  8. Send batches with N writers and book each receipt (delivery/, load/stages, targets/).
//  9. With --verify, read a sample back (targets/).
// 10. Finish (load/outcome): choose the exit code and build the summary. The caller prints it (reporting/).
// Stages 3 to 7 are generators. Stage 8 pulls every batch through these generators.

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
 * Loads the inputs. Errors of inputs, target or machine are part of the result. Throws only BugError, if the totals of
 * points do not balance.
 */
export async function load(settings: Settings, context: LoadContext): Promise<LoadResult> {
  const { inputs, target, clock, notify, fleet } = context;
  const control = new RunControl(context);
  const account = openAccount(settings, context, control); // stage 1
  const { ledger, resume, phases, facts } = account;
  try {
    const plan = await prepare(settings, context, control, account); // stage 2; no point is sent yet
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
    context.watch(() => snapshotOf({ ...facts, memory, watchdog, throttle, writer }), plan.description, memory);
    control.limitDuration(settings.maxDurationMs);
    phases.begin('sending');

    // Stages 3 to 7 run when a writer of stage 8 asks for a batch.
    const filled = reader.each(async function* (input, source) {
      const start = await resume.beginInput(input, source, batcher.reached); // stage 3
      if (start === null) return;
      const { runs, format } = await reader.parse(input, source, start); // stage 4
      yield* batcher.batches(input, runs, control.stop, start, format); // stage 5
      if (batcher.rest !== null) resume.inputRead(input, batcher.rest);
      const isWhole = start.place.byteOffset === 0 && inputs[input]!.piece === undefined;
      if (isWhole) assertParsed(status.inputs.current ?? '', format, batcher.parsed);
    });
    const combines = arena.slots > 1 && !settings.inOrder;
    const batches = !combines // stage 6
      ? filled
      : coalesce(filled, {
          ...{ bodyBytes, clock, points: settings.batchPoints, lingerMs: settings.batchLingerMs },
          abandon: ({ span, points, rejects }) => ledger.abandon(span.input, points + rejects.filter(isCounted).length),
        });
    const ordered = exclusiveBatches(batches, writer.inFlight, target.traits.firstWriteExclusive); // stage 7
    try {
      await runWriters(memory.slots, writer.gate, ordered, (batch) => writer.send(batch)); // stage 8
    } finally {
      await ordered.return();
    }

    if (verification !== null && !control.stop.aborted) {
      phases.begin('verifying'); // stage 9
      writer.verifying();
      facts.verified = await verification.report(target, control.stop);
    }
  } catch (error) {
    control.end(error);
  }
  return await finish(settings, context, control, account); // stage 10
}
