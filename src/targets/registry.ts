// The kinds of targets. To add a kind, add a folder, and one line to this file.

import type { Target } from '../core/types/index.js';
import { cnosdb } from './cnosdb/index.js';
import { dryRun } from './dry-run/index.js';
import { influxdb1 } from './influxdb1/index.js';
import { influxdb2 } from './influxdb2/index.js';
import { influxdb3 } from './influxdb3/index.js';
import type { TargetContext, TargetDescriptor, TargetSettings } from './types.js';
import { victoriametrics } from './victoriametrics/index.js';

/** Values of `--target`. The first value is the default. */
export const targetKinds = [cnosdb, influxdb1, influxdb2, influxdb3, victoriametrics] as const;

/** Returns the descriptor of a kind; undefined for an unknown name. */
export function targetKind(kind: unknown): TargetDescriptor | undefined {
  return targetKinds.find((each) => each.kind === kind);
}

/** Creates the target that the settings name. The target connects with the first request. */
export async function createTarget(
  settings: TargetSettings & { readonly target: string },
  context: TargetContext,
): Promise<Target> {
  const descriptor = settings.dryRun === null ? (targetKind(settings.target) ?? cnosdb) : dryRun;
  return await descriptor.create({ ...context, settings });
}
