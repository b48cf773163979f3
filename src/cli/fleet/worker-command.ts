// `bulk-load worker`: loads pieces from the queue until a signal stops the worker.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve as resolveOptions } from '../../config/resolve.js';
import type { Settings } from '../../config/settings.js';
import { type BulkLoadError, UsageError } from '../../core/errors.js';
import { clock } from '../../core/time/system-clock.js';
import type { Notice } from '../../core/types/index.js';
import { version } from '../../core/version.js';
import { allowInputs } from '../../fleet/allowed-inputs.js';
import type { FleetLoad } from '../../fleet/queue/messages.js';
import { leaseTiming } from '../../fleet/queue/piece-lease.js';
import { expand } from '../../inputs/expand.js';
import { createTarget } from '../../load/create-target.js';
import { identityHash, sharedKeys, targetHash } from '../../load/fleet/queue/fleet-jobs.js';
import { runWorker } from '../../load/fleet/queue/worker.js';
import { options } from '../../load/option-table.js';
import { prepareStateDir } from '../../state/state-dir.js';
import { inputOptions } from '../input-options.js';
import { openCommand } from '../open-command.js';
import { openProgress } from '../output/open-progress.js';
import { openMetrics } from '../output/serve-metrics.js';
import type { Process } from '../process.js';
import { onSignals, onStatus } from '../signals.js';
import { openQueue } from './open-fleet.js';

/** Returns the exit code. Throws UsageError for options that belong to the coordinator. */
export async function runWorkerCommand(flags: Readonly<Record<string, unknown>>, unmasked: Process): Promise<number> {
  const { resolved, mask, process } = await openCommand([], flags, unmasked);
  const { settings, given, origins, warnings } = resolved;
  const { allowInput, urls, db, queue, stateDir } = settings;
  const problems = Object.keys(given)
    .filter((key) => sharedKeys.has(key) && !ownLimits.includes(key))
    .map((key) => ({
      tried: origins[(options.rows.find((row) => row.key === key)?.as ?? key) as keyof Settings].name,
      expected: 'an option about the target or the machine of this worker, or --allow-input',
      found: 'an option of the load',
      fix: 'give this option to bulk-load --queue, which passes the option to every worker',
    }));
  if (allowInput === null)
    problems.push({
      tried: 'bulk-load worker',
      expected: '--allow-input, the inputs that this worker may read',
      found: 'nothing',
      fix: "add --allow-input, such as --allow-input '/data/**' or 's3://bucket/**'",
    });
  if (problems.length > 0) throw new UsageError(problems);
  await prepareStateDir(stateDir);
  const redis = await openQueue(settings, 'bulk-load worker');
  const allowed = await allowInputs(allowInput!, process.cwd());
  const progress = await openProgress(
    settings.progress === 'auto' ? { ...settings, progress: 'plain' } : settings,
    process,
  );
  const metrics = await openMetrics(settings);
  const notify = (notice: Notice): void => progress.notice(mask.deep(notice));
  for (const message of warnings) notify({ level: 'warn', kind: message, message });
  const interruption = onSignals(process, (message) => notify({ level: 'warn', kind: 'signal', message }));
  const endStatus = onStatus(process, () => progress.status());
  const where = `${db} at ${urls.map(({ shown }) => shown).join(', ')}`;
  progress.start([`bulk-load ${version()} worker: pieces from ${queue!.shown} → ${where}`]);
  if (metrics.url !== null) notify({ level: 'info', kind: 'metrics', message: `metrics at ${metrics.url}` });
  const context = { version: version(), clock, notify };
  try {
    await runWorker({
      ...context,
      ...{ redis, allowed, stateDir, timing: leaseTiming, stop: interruption.stop, abort: interruption.abort },
      machine: hostname(),
      workerId: randomUUID().slice(0, 8),
      target: targetHash(settings),
      exitWhenIdle: settings.exitWhenIdle,
      retryForMs: settings.retryForMs,
      settingsFor: (load) => settingsFor(load, flags, process),
      findInput: async (path) => (await expand([path], inputOptions(settings, process, notify))).inputs[0]!,
      createTarget: (each) => createTarget(each, { ...context, inputs: [], stdout: process.stdout, env: process.env }),
      watch: (snapshot) => {
        progress.show(snapshot);
        metrics.watch(snapshot);
      },
    });
    const reason = interruption.stop.reason as BulkLoadError | undefined;
    return reason?.exitCode ?? 0;
  } finally {
    redis.close();
    progress.finish(null);
    interruption.end();
    endStatus();
    await metrics.close();
  }
}

/** Options of a load that a worker may set for itself. */
const ownLimits: readonly string[] = ['memoryLimit', 'memoryWatchdog', 'waitForTarget', 'requestTimeout', 'retryFor'];

/**
 * Merges the options of a load with the options of the worker. The options of the worker take precedence. Throws
 * UsageError if the load sets an option that coordinators never pass to workers, or if the merged options do not have
 * the identity of the load.
 */
async function settingsFor(
  load: FleetLoad,
  flags: Readonly<Record<string, unknown>>,
  process: Process,
): Promise<Settings> {
  const foreign = Object.keys(load.options).filter((key) => !sharedKeys.has(key));
  const tried = `reading load ${load.id}`;
  if (foreign.length > 0)
    throw new UsageError([
      {
        tried,
        expected: 'only options that bulk-load --queue passes to workers',
        found: foreign.join(', '),
        fix: 'find out which program wrote this load to the queue',
      },
    ]);
  const { settings } = await resolveOptions(options, { flags, env: process.env, lowest: load.options });
  if (identityHash(settings) === load.identity) return settings;
  const fix = 'give workers and coordinator the same --db, --tenant and --rp, and the same version of bulk-load';
  throw new UsageError([
    { tried, expected: 'the options of the command that began the load', found: 'other options on this worker', fix },
  ]);
}
