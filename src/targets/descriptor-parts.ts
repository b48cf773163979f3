// Parts that several descriptors of targets share.

import { influxNames } from './types.js';

const noFlush = 'it has no flush request and limits its own memory; use --workers, --batch-bytes or --rate-points';
const tokenOnly = 'sign in with --token';

/** Options about the memory of the target, which only CnosDB lets a client plan. */
export const memoryOptions = { targetMemory: noFlush, relieve: noFlush, stage: noFlush } as const;

/** Options about the retention policies of InfluxDB 1. */
export const policyOptions = { rp: 'only InfluxDB 1 has retention policies' } as const;

/** Options of targets that take a token only. */
export const userOptions = { user: tokenOnly, password: tokenOnly, passwordFile: tokenOnly } as const;

/** What all targets but CnosDB have in common: bulk-load neither plans their memory nor counts their points. */
export const plainTarget = {
  traits: { firstWriteExclusive: false, plansMemory: false, countsPoints: false, sendsSeconds: true },
  defaults: { user: '', tenant: '', targetMemory: 'off' },
  takesZstd: false,
  needsDatabase: true,
} as const;

/** What all versions of InfluxDB have in common. */
export const influxdbBase = {
  ...plainTarget,
  title: 'InfluxDB',
  traits: { ...plainTarget.traits, title: 'InfluxDB' },
  nameLimits: influxNames,
} as const;
