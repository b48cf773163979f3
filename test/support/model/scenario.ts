// What a scenario file says. Adding one needs no code: fixtures/scenarios/load/*.json are all run.

import type { Outcome } from '../../../src/core/outcomes.js';
import type { FixedPolicy, Rivals } from './fixed.js';
import type { Load, Options } from './play.js';
import type { ClusterShape } from './shape.js';

/** Bounds, both allowed. */
export type Range = readonly [number, number];

/** Requests sent in [fromMs, toMs): the most in flight, the largest body, what was acknowledged. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
  readonly inFlight?: Range;
  readonly bodyKiB?: Range;
  readonly mibPerSecond?: Range;
}

export interface Expectation {
  readonly outcome?: Outcome;
  readonly exitCode?: number;
  /** Until the last point was acknowledged. */
  readonly seconds?: Range;
  /** Of the node that needed most. */
  readonly peakMiB?: Range;
  /** What the summary estimates for that node, in shares of what it was. */
  readonly estimate?: Range;
  readonly flushes?: Range;
  /** Of the best rate that any of the fixed policies under `rivals` reaches without killing the cluster. */
  readonly shareOfBest?: number;
  readonly windows?: readonly Window[];
  /** Regular expressions: each fits some notice. `warnsFirst`: one that came before the first request. */
  readonly says?: readonly string[];
  readonly warnsFirst?: readonly string[];
  /** … and fits the reason why the run ended. */
  readonly reason?: string;
}

export interface Scenario {
  readonly name: string;
  readonly why: string;
  readonly cluster: ClusterShape;
  readonly load: Load;
  /** A fixed policy that kills the cluster. */
  readonly killers?: readonly FixedPolicy[];
  /** `best`: as found last; the soak finds it anew. */
  readonly rivals?: Rivals & { readonly best: FixedPolicy & { readonly mibPerSecond: number } };
  /** Options of the load, by their key in the config file. */
  readonly options: Options;
  readonly expect: Expectation;
}
