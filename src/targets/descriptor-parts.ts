// Parts that several target descriptors share.

import { influxNames } from './types.js';

const noFlush =
  'this target has no flush request and limits its own memory; use --workers, --batch-bytes or --rate-points';
const tokenOnly = 'sign in with --token';

/**
 * Options for the memory of the target, which only CnosDB supports. Each value is the advice for users of other
 * targets.
 */
export const memoryOptions = { targetMemory: noFlush, relieve: noFlush, stage: noFlush } as const;

/** Option for retention policies. For other targets, the value is the reason why the option is not supported. */
export const policyOptions = { rp: 'only InfluxDB 1 has retention policies' } as const;

/** User and password options. Each value is the advice for users of a target that accepts only a token. */
export const userOptions = { user: tokenOnly, password: tokenOnly, passwordFile: tokenOnly } as const;

/**
 * Common parts of all targets except CnosDB. For these targets, bulk-load does not plan memory and does not count
 * points.
 */
export const plainTarget = {
  traits: { firstWriteExclusive: false, plansMemory: false, countsPoints: false, sendsSeconds: true },
  defaults: { user: '', tenant: '', targetMemory: 'off' },
  takesZstd: false,
  needsDatabase: true,
} as const;

/** Common parts of all versions of InfluxDB. */
export const influxdbBase = {
  ...plainTarget,
  title: 'InfluxDB',
  traits: { ...plainTarget.traits, title: 'InfluxDB' },
  nameLimits: influxNames,
} as const;
