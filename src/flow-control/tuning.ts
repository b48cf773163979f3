// Constants of the two controllers that react to the target's responses. Each constant states its range and the source
// of its value. "Vector" means src/sinks/util/adaptive_concurrency/mod.rs of vectordotdev/vector. "simulated" means
// measured with the scenarios of fixtures/scenarios/congestion.json.

/** Settings of the concurrency limit (additive increase, multiplicative decrease). */
export const concurrencyTuning = {
  /**
   * Weight of the newest round in the mean latency. Range 0–1: higher values follow changes faster. Vector uses 0.4.
   */
  ewmaAlpha: 0.4,
  /**
   * A round is slow if its latency exceeds the mean by more than this number of standard deviations. Range 1–5: higher
   * values tolerate more jitter. Vector uses 2.5.
   */
  deviationScale: 2.5,
  /** A slow round multiplies the limit by this factor. Range 0.5–1. Vector uses 0.9. */
  slowRatio: 0.9,
  /**
   * The response "overloaded" or a lost connection multiplies the limit by this factor. Range 0.1–0.9. 0.5 undoes the
   * last doubling of slow start.
   */
  overloadRatio: 0.5,
  /**
   * The limit is not raised for this time after an overload, ms. Range 0–10,000. Without this pause every fourth
   * request is refused (simulated).
   */
  restMs: 1_000,
  /**
   * Latency below which a round never counts as slow, ms. Range 1–100. Scheduling noise of a busy machine stays below
   * this latency (simulated).
   */
  quickMs: 20,
  /**
   * The deviation counts as at least this share of the mean. Range 0–0.5. Without this minimum, any higher latency
   * would count as slow after a few equal latencies (simulated).
   */
  minDeviation: 0.1,
  /**
   * If responses take longer than this multiple of the best latency, more writers only lengthen the target's queue.
   * Range 1.2–5 (simulated).
   */
  queueingRatio: 2,
  /**
   * The best latency is dropped after this time, ms, because a target may slow down permanently. Range 10,000–600,000
   * (simulated).
   */
  bestLifetimeMs: 60_000,
  /**
   * Smallest body whose latency counts, as a share of the usual size. Range 0–1. The latency of smaller bodies does not
   * predict the latency of full bodies (simulated).
   */
  comparableSize: 0.5,
  /**
   * A new baseline starts once the usual body size and the baseline's size differ by more than this factor. Range 1.1–4
   * (simulated).
   */
  newBaselineRatio: 1.5,
  /**
   * A response to a smaller body multiplies the usual body size by this factor. Range 0.5–1. Seven such responses halve
   * the size (simulated).
   */
  usualSizeDecay: 0.9,
} as const;

/** Settings of the request body size (halved on trouble, grown in steps). */
export const bodySizeTuning = {
  /**
   * Smallest body, bytes. Range 4 KiB–128 KiB. Smaller bodies need more requests, but do not save memory in the target.
   */
  minBytes: 16 * 1024,
  /** Step of growth as a share of the largest body. Range 1/32–1/2. Eight steps grow a body from zero to full size. */
  stepShare: 1 / 8,
  /**
   * Number of accepted bodies before the size grows by a step. Range 1–256. 16 are two rounds of the default eight
   * writers.
   */
  bodiesPerStep: 16,
  /**
   * Time without trouble before the size grows by a step, ms. Range 0–60,000. A target that is short of memory takes
   * seconds to flush.
   */
  restMs: 5_000,
} as const;
