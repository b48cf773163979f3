// Creates the jobs of a plan, and the hashes that must be equal at the coordinator and a worker.

import { createHash } from 'node:crypto';
import type { Settings } from '../../../config/settings.js';
import { UsageError } from '../../../core/errors.js';
import type { Problem } from '../../../core/problem.js';
import type { Input } from '../../../core/types/index.js';
import type { AllowedInputs } from '../../../fleet/allowed-inputs.js';
import { contentHash } from '../../../fleet/content-hash.js';
import type { FleetPlan } from '../../../fleet/plan-file.js';
import type { PieceJob } from '../../../fleet/queue/messages.js';
import { pieceId } from '../../../fleet/queue/piece-queue.js';
import { options as table } from '../../option-table.js';
import { fleetIdentity } from '../shard-settings.js';

/** Groups of options that the coordinator sends to every worker. */
const sharedGroups: readonly string[] = ['input', 'mapping', 'batch', 'delivery', 'memory'];
/** Options of the groups in `sharedGroups` that the coordinator does not send. Each machine sets them for itself. */
const ownKeys: readonly string[] = ['memoryLimit', 'memoryWatchdog'];

/** Keys of the options that the coordinator sends to its workers. */
export const sharedKeys: ReadonlySet<string> = new Set(
  table.rows.filter(({ group, key }) => sharedGroups.includes(group) && !ownKeys.includes(key)).map(({ key }) => key),
);

/** Returns those of the given options that the workers need. The target and secrets are not among them. */
export function sharedOptions(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([key]) => sharedKeys.has(key)));
}

/** Returns a hash that identifies kind, tenant, database and retention policy of the target, without revealing them. */
export function targetHash({ target, tenant, db, rp }: Settings): string {
  return shortHash(JSON.stringify([target, tenant, db, rp]));
}

/** Returns a hash of `fleetIdentity`, a text with the database and the options that affect how inputs are read. */
export function identityHash(settings: Settings): string {
  return shortHash(fleetIdentity(settings));
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The job for one piece of a plan. */
export interface PlannedJob {
  readonly id: string;
  readonly job: PieceJob;
  /** Index of the piece's input in the plan. */
  readonly input: number;
}

/** Yields a job for each piece of a plan. Omits pieces of an input that `allowed` excludes. */
export function* plannedJobs(plan: FleetPlan, allowed: AllowedInputs): Generator<PlannedJob, void> {
  for (const [input, { path, folders, size, hash, pieces }] of plan.inputs.entries()) {
    const name = pieces.length === 0 ? null : allowed.nameOf(path);
    for (const piece of name === null ? [] : pieces) {
      const job: PieceJob = { formatVersion: 1, plan: plan.id, input: { path: name!, folders, size, hash }, piece };
      yield { id: pieceId(job), job, input };
    }
  }
}

/** Throws UsageError for inputs that --allow-input excludes, because a job cannot name them. */
export function assertNamed(inputs: readonly Input[], allowed: AllowedInputs): void {
  const problems: Problem[] = inputs
    .filter(({ path }) => path === null || allowed.nameOf(path) === null)
    .map(({ name }) => ({
      tried: `handing ${name} to workers`,
      expected: 'an input in the working directory, an input in a folder of --allow-input, or a URL without a query',
      found: 'another place',
      fix: "give this command the same --allow-input as the workers, such as --allow-input '/data/**'",
    }));
  if (problems.length > 0) throw new UsageError(problems.slice(0, 10));
}

/** Tests whether a plan belongs to this load and this version of bulk-load, and whether its inputs are unchanged. */
export async function fitsPlan(
  plan: FleetPlan,
  settings: Settings,
  inputs: readonly Input[],
  version: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (plan.identity !== fleetIdentity(settings) || plan.version !== version) return false;
  if (plan.inputs.length !== inputs.length) return false;
  for (const [i, input] of inputs.entries()) {
    const { path, size, hash } = plan.inputs[i]!;
    if (path !== input.path || size !== (input.size ?? 0)) return false;
    if (hash !== null && (await hashOf(input, signal)) !== hash) return false;
  }
  return true;
}

async function hashOf(input: Input, signal: AbortSignal): Promise<string | null> {
  const source = await input.open(signal).catch(() => null);
  try {
    return source === null ? null : await contentHash(source);
  } finally {
    await source?.close();
  }
}
