// Opens the queue for the commands of a fleet, and checks that jobs may name the inputs.

import type { Resolved } from '../../config/resolve.js';
import type { Settings } from '../../config/settings.js';
import { UsageError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import type { Input } from '../../core/types/index.js';
import { allowInputs } from '../../fleet/allowed-inputs.js';
import { FleetStore } from '../../fleet/queue/fleet-store.js';
import { type FleetRedis, openRedis } from '../../fleet/queue/redis.js';
import type { QueueFacts } from '../../load/check.js';
import type { FleetContext } from '../../load/fleet/queue/coordinate.js';
import { assertNamed } from '../../load/fleet/queue/fleet-jobs.js';

/**
 * Connects to the queue. Throws UsageError if --queue or the packages of the queue are missing.
 * @param isBrief true for a command that fails if a response from the queue takes longer than --wait-for-target
 */
export async function openQueue(
  { queue, queueTls, waitForTargetMs }: Settings,
  command: string,
  isBrief = false,
  signal?: AbortSignal,
): Promise<FleetRedis> {
  if (queue !== null)
    return await openRedis(queue, queueTls, waitForTargetMs, command, isBrief ? waitForTargetMs : null, signal);
  throw new UsageError([
    {
      tried: command,
      expected: '--queue, the URL of a Redis or Valkey server',
      found: 'nothing',
      fix: 'add --queue redis://HOST',
    },
  ]);
}

/** Options that a load over a fleet refuses, each with advice for the user. */
const unsuited: Readonly<Record<string, string>> = {
  planFile: 'leave this option out: the coordinator makes its own plan',
  shard: 'leave this option out: workers take pieces by themselves',
  contextMap: 'load one database with --context and --db',
  dryRun: 'try the inputs with --dry-run on one machine',
  verify: 'leave this option out, and run bulk-load audit after the load',
  exitWhenIdle: 'give this option to bulk-load worker',
};

/** Returns the context of a coordinator. Throws UsageError for options that a load over a fleet cannot have. */
export async function fleetContext(
  { settings, origins, given }: Resolved,
  cwd: string,
  isBrief = false,
): Promise<FleetContext> {
  const problems: Problem[] = Object.entries(unsuited).flatMap(([key, fix]) => {
    const value = settings[key as keyof Settings];
    if (value === null || value === false) return [];
    const { name } = origins[key as keyof Settings];
    const expected = 'an option of a load over a fleet (--queue)';
    return [{ tried: name, expected, found: 'an option that has no effect in a load over a fleet', fix }];
  });
  if (!settings.checkpoint)
    problems.push({
      tried: '--no-checkpoint',
      expected: 'a checkpoint, which records what the workers have loaded',
      found: 'a load without a checkpoint',
      fix: 'leave this option out',
    });
  if (problems.length > 0) throw new UsageError(problems);
  const { allowInput, pieces } = settings;
  return {
    connect: (signal) => openQueue(settings, 'bulk-load --queue', isBrief, signal),
    allowed: await allowInputs(allowInput ?? ['./**', 's3://**', 'http://**', 'https://**'], cwd),
    given,
    piecesAtOnce: pieces,
  };
}

/**
 * Connects to the queue as a coordinator does, and returns facts about the queue. Throws the error that would end the
 * coordinator.
 */
export async function queueFacts(resolved: Resolved, inputs: readonly Input[], cwd: string): Promise<QueueFacts> {
  const { connect, allowed } = await fleetContext(resolved, cwd, true);
  const redis = await connect(new AbortController().signal);
  try {
    assertNamed(inputs, allowed);
    return { ...redis.server, workers: await new FleetStore(redis).workers() };
  } finally {
    redis.close();
  }
}
