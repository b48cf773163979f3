// Chooses the pieces of a plan that one machine loads. Every machine computes the same assignment from the same plan,
// so the machines need not communicate.

import { UsageError } from '../core/errors.js';
import type { FleetPlan, PlannedInput, PlannedPiece } from './plan-file.js';

/** The part `index`/`of` of a plan, such as 3/16. `index` counts from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export interface ShardPiece {
  readonly input: PlannedInput;
  readonly piece: PlannedPiece;
}

/**
 * Assigns the pieces to the shards: takes the pieces from the largest to the smallest, and gives each piece to the
 * shard that has the fewest bytes so far. Returns the pieces of one shard in input order.
 */
export function piecesOf({ inputs }: Pick<FleetPlan, 'inputs'>, { index, of }: Shard): ShardPiece[] {
  const all = inputs.flatMap((input) => input.pieces.map((piece) => ({ input, piece })));
  const bytes = new Float64Array(of);
  const chosen = new Set<ShardPiece>();
  for (const each of all.toSorted((a, b) => b.piece.bytes - a.piece.bytes)) {
    const emptiest = bytes.indexOf(Math.min(...bytes));
    // Adds 1, so that pieces of 0 bytes are not all assigned to the same shard.
    bytes[emptiest]! += each.piece.bytes + 1;
    if (emptiest === index - 1) chosen.add(each);
  }
  return all.filter((each) => chosen.has(each));
}

/**
 * Names of the environment variables in which a scheduler numbers its tasks. `first` names the variable with the
 * smallest index, and `last` the variable with the largest index.
 */
interface Scheduler {
  readonly name: string;
  readonly index: string;
  readonly count: string | null;
  readonly first?: string;
  readonly last?: string;
}

const schedulers: readonly Scheduler[] = [
  {
    name: 'Slurm',
    index: 'SLURM_ARRAY_TASK_ID',
    count: 'SLURM_ARRAY_TASK_COUNT',
    first: 'SLURM_ARRAY_TASK_MIN',
    last: 'SLURM_ARRAY_TASK_MAX',
  },
  { name: 'AWS Batch', index: 'AWS_BATCH_JOB_ARRAY_INDEX', count: 'AWS_BATCH_JOB_ARRAY_SIZE' },
  { name: 'Google Batch', index: 'BATCH_TASK_INDEX', count: 'BATCH_TASK_COUNT' },
  { name: 'Cloud Run', index: 'CLOUD_RUN_TASK_INDEX', count: 'CLOUD_RUN_TASK_COUNT' },
  { name: 'a Kubernetes Indexed Job', index: 'JOB_COMPLETION_INDEX', count: null },
];

type SchedulerVariables = Readonly<Record<string, string | undefined>>;

/**
 * Parses `3/16`, `auto` or `auto/16`. Throws UsageError. With `auto`, the environment variables of a scheduler give the
 * index and the number of shards. If the scheduler does not give the number, the text must contain it, as in `auto/16`.
 */
export function parseShard(text: string, env: SchedulerVariables): Shard {
  const [, place = '', total] = /^(auto|\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  if (place === '' || (place !== 'auto' && total === undefined))
    throw problem(text, 'auto, auto/16, or i/n, such as 3/16', text, '');
  const given = total === undefined ? null : Number(total);
  const shard = place === 'auto' ? fromEnvironment(text, given, env) : { index: Number(place), of: given! };
  if (shard.index >= 1 && shard.index <= shard.of && shard.of <= maxShards) return shard;
  throw problem(text, `i/n with i from 1 to n, and n up to ${maxShards}`, `${shard.index}/${shard.of}`, '');
}

export const maxShards = 10_000;

function fromEnvironment(text: string, given: number | null, env: SchedulerVariables): Shard {
  const found = schedulers.find(({ index }) => /^\d+$/.test(env[index] ?? ''));
  if (found === undefined) {
    const known = schedulers.map(({ index }) => index).join(', ');
    throw problem(text, `one of the variables ${known}`, 'none of them', 'name the shard, such as --shard 3/16');
  }
  const number = (name: string | null | undefined): number | null => {
    const value = name ? env[name] : undefined;
    return value === undefined || !/^\d+$/.test(value) ? null : Number(value);
  };
  const first = number(found.first) ?? 0;
  const count = number(found.count);
  const last = number(found.last);
  if (count !== null && last !== null && last - first + 1 !== count) {
    const gap = `${count} tasks from ${first} to ${last}`;
    throw problem(
      text,
      `${found.name} tasks numbered without gaps`,
      gap,
      'number the tasks without gaps, such as --array=1-16',
    );
  }
  if (count !== null && given !== null && count !== given)
    throw problem(text, `${count}, the number of tasks in ${found.name}`, String(given), 'use --shard auto');
  const of = given ?? count;
  if (of === null) {
    const fix = 'add the number of shards, such as --shard auto/16';
    throw problem(
      text,
      'the number of shards',
      `${text}, and ${found.name} does not state the number of its tasks`,
      fix,
    );
  }
  return { index: number(found.index)! - first + 1, of };
}

function problem(text: string, expected: string, found: string, fix: string): UsageError {
  return new UsageError([{ tried: `--shard ${text}`, expected, found, fix }]);
}
