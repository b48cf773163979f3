// `bulk-load --plan F --shard i/n`: selects the pieces that this machine loads, and this machine's share of each limit.

import { flagName } from '../../config/options.js';
import type { Resolved } from '../../config/resolve.js';
import type { Settings } from '../../config/settings.js';
import { UsageError } from '../../core/errors.js';
import type { Problem } from '../../core/problem.js';
import type { FleetPlan } from '../../fleet/plan-file.js';
import { parseShard, piecesOf } from '../../fleet/shards.js';
import { type ExpandOptions, type Expansion, expand } from '../../inputs/expand.js';
import { shardInputs } from '../../load/fleet/shard-inputs.js';
import { fleetIdentity, loadShard, shardSettings } from '../../load/fleet/shard-settings.js';
import type { LoadShard } from '../../load/types.js';

export interface ShardRun {
  readonly settings: Settings;
  readonly shard: LoadShard;
  /** Finds the inputs of the shard. Throws UsageError for a missing file. */
  readonly expand: (options: ExpandOptions) => Promise<Expansion>;
}

/**
 * Returns this machine's part of a planned load; null for a load without a plan. Throws UsageError if options
 * contradict a plan.
 */
export function shardRun(
  plan: FleetPlan | null,
  { settings, origins }: Resolved,
  inputs: readonly string[],
  env: NodeJS.ProcessEnv,
): ShardRun | null {
  if (settings.queue !== null) return null;
  const problems: Problem[] = [
    ...(origins.pieceBytes.source === 'flag' ? [onlyPlanned('--piece-bytes')] : []),
    ...(origins.split.source === 'flag' ? [onlyPlanned('--split')] : []),
    ...(['pieces', 'allowInput'] as const)
      .filter((key) => origins[key].source === 'flag')
      .map((key) => ({
        tried: flagName(key),
        expected: '--queue',
        found: 'a load without --queue',
        fix: 'leave this option out',
      })),
    ...(plan === null && settings.shard !== null ? [missing('--shard', '--plan FILE', 'add --plan')] : []),
    ...(plan !== null && settings.shard === null ? [missing('--plan', '--shard i/n or --shard auto', '')] : []),
    ...(plan !== null && inputs.length > 0
      ? [
          {
            tried: '--plan',
            expected: 'a command without inputs, because the plan names the inputs',
            found: inputs[0]!,
            fix: 'leave this input out',
          },
        ]
      : []),
    ...(plan !== null && plan.identity !== fleetIdentity(settings) ? [otherLoad(settings)] : []),
  ];
  if (problems.length > 0) throw new UsageError(problems);
  if (plan === null || settings.shard === null) return null;
  const shard = parseShard(settings.shard, env);
  const pieces = piecesOf(plan, shard);
  return {
    settings: shardSettings({ settings, origins }, shard),
    shard: loadShard(plan, shard),
    expand: async (options) => {
      const wanted = [...new Set(pieces.map(({ input }) => input))];
      const names = wanted.map(({ path }) => path);
      const found = wanted.length === 0 ? null : await expand(names, options);
      if (found !== null && found.inputs.length !== wanted.length) throw new UsageError(found.duplicates);
      return {
        inputs: shardInputs(pieces, (input) => found!.inputs[wanted.indexOf(input)]!),
        named: [`plan ${plan.id}`, `${shard.index}/${shard.of}`],
        duplicates: [],
        leftOut: [],
      };
    },
  };
}

/** Throws UsageError if --plan or --shard is given to a command that does not use plans. */
export function refusePlan({ planFile, shard }: Settings, command: string): void {
  const fix = 'leave this option out';
  const flag = planFile !== null ? '--plan' : '--shard';
  if (planFile !== null || shard !== null)
    throw new UsageError([{ tried: flag, expected: 'a load', found: `bulk-load ${command}`, fix }]);
}

function onlyPlanned(flag: string): Problem {
  return {
    tried: flag,
    expected: 'the command bulk-load plan, which cuts the inputs',
    found: 'a load',
    fix: 'leave this option out',
  };
}

function missing(tried: string, expected: string, fix: string): Problem {
  return { tried, expected, found: 'nothing', fix };
}

function otherLoad({ target, db }: Settings): Problem {
  return {
    tried: '--plan',
    expected: 'the target, database and input options of the plan',
    found: `other options for database ${JSON.stringify(db)} of ${target}`,
    fix: 'leave these options out: the plan contains them',
  };
}
