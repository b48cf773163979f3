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

/** Requests sent in [fromMs, toMs): the most in flight, the largest body, the rate acknowledged. */
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
  /** Regular expressions, each for some notice. */
  says: z.array(z.string()),
  /** The same for warnings before the first request. */
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
    /** Fixed policies to compare with. `best` is recorded; the soak finds it anew. */
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
