// Scenario files in fixtures/scenarios/load/. A new file needs no code. Every expectation is mandatory: a file without one
// fails.

import { z } from 'zod';
import { outcomeNames } from '../../../src/core/outcomes.js';
import type { Load, Options } from './play.js';
import type { ClusterShape } from './shape.js';

/** Lower and upper bound, both allowed. */
const range = z.tuple([z.number(), z.number()]).refine(([from, to]) => from <= to);
const policy = z.strictObject({
  writers: z.int().positive(),
  bodyKiB: z.number().positive(),
  compactEveryMs: z.number().positive().exactOptional(),
});

/** Bounds for requests sent in [fromMs, toMs): most in flight, largest body, acknowledged rate. */
const window = z
  .strictObject({
    fromMs: z.number(),
    toMs: z.number(),
    inFlight: range.optional(),
    bodyKiB: range.optional(),
    mibPerSecond: range.optional(),
  })
  .refine(({ inFlight, bodyKiB, mibPerSecond }) => (inFlight ?? bodyKiB ?? mibPerSecond) !== undefined, {
    message: 'a window expects inFlight, bodyKiB or mibPerSecond',
  });

const expectation = z.strictObject({
  outcome: z.enum(outcomeNames as readonly [string, ...string[]]),
  exitCode: z.int(),
  /** Regular expression for the reason of the end; null for a complete load. */
  reason: z.string().nullable(),
  /** Seconds until the last acknowledgement. */
  seconds: range,
  /** Peak memory of the fullest node. */
  peakMiB: range,
  /** Estimate of the summary for that node, as a share of the peak. */
  estimate: range,
  flushes: range,
  /** Least share of the best rate of the fixed policies under `rivals`; null without rivals. */
  shareOfBest: z.number().positive().nullable(),
  windows: z.array(window),
  /** Regular expressions that a notice must match. */
  says: z.array(z.string()),
  /** Regular expressions that a warning before the first request must match. */
  warnsFirst: z.array(z.string()),
});

export const scenarioSchema = z
  .strictObject({
    name: z.string(),
    why: z.string(),
    cluster: z.custom<ClusterShape>((value) => typeof value === 'object' && value !== null),
    load: z.custom<Load>((value) => typeof value === 'object' && value !== null),
    /** Fixed policies that kill the cluster. */
    killers: z.array(policy).default([]),
    /** Fixed policies to compare with. `best` is recorded; the soak searches it again. */
    rivals: z
      .strictObject({
        writers: z.array(z.number()),
        bodyKiB: z.array(z.number()),
        compactEveryMs: z.array(z.number()).exactOptional(),
        best: policy.extend({ mibPerSecond: z.number() }),
      })
      .nullable()
      .default(null),
    /** Options of the load by their keys in the config file. */
    options: z.custom<Options>((value) => typeof value === 'object' && value !== null),
    expect: expectation,
  })
  .refine(({ rivals, expect: { shareOfBest } }) => (rivals === null) === (shareOfBest === null), {
    message: 'rivals and shareOfBest belong together',
  });

export type ValueRange = z.infer<typeof range>;
