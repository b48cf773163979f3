// The factors that can limit the rate of a load. The progress bar, metrics, series, report page and summary iterate
// this list. The list is in core, because some folders measure the factors and other folders print them.

export const limitingFactors = [
  /**
   * The target responds slowly or refuses further requests, or the load waits for a flush, such as a flush that --stage
   * demands.
   */
  { key: 'target', label: 'target', title: 'the target', colour: 'overloaded', minShare: 0.01 },
  /** The target responds, but --target-memory forbids sending a further request now. */
  { key: 'targetMemory', label: 'target memory', title: '--target-memory', colour: 'forming', minShare: 0.01 },
  /** This process has little memory left, so --memory-limit allows fewer writers. */
  { key: 'ownMemory', label: 'own memory', title: 'own memory', colour: 'rejected', minShare: 0.01 },
  /** Every run sometimes waits for its input. So the summary omits waits below a tenth of the run's time. */
  { key: 'input', label: 'input', title: 'the input', colour: 'edge', minShare: 0.1 },
  { key: 'rateLimit', label: 'rate limit', title: 'the rate limit', colour: 'refused', minShare: 0.01 },
] as const satisfies readonly LimitingFactorRow[];

interface LimitingFactorRow {
  /** Key in JSON and label in metrics. */
  readonly key: string;
  /** Name of the factor in the progress bar and beside charts. */
  readonly label: string;
  /** Name of the factor within sentences. */
  readonly title: string;
  /** Name of the colour's variable in the report page's style sheet. */
  readonly colour: string;
  /** The summary names the factor only if it limited the load for at least this share of the run's time. */
  readonly minShare: number;
}

export type LimitingFactor = (typeof limitingFactors)[number]['key'];

/** Builds a record with one value per factor. */
export function byFactor<T>(value: (key: LimitingFactor) => T): Record<LimitingFactor, T> {
  return Object.fromEntries(limitingFactors.map(({ key }) => [key, value(key)])) as Record<LimitingFactor, T>;
}

/** Lists the factors that limited a run of `seconds` for at least their `minShare`, the strongest first. */
export function namedFactors(
  limitedSeconds: Readonly<Record<LimitingFactor, number>>,
  seconds: number,
): { readonly key: LimitingFactor; readonly label: string; readonly title: string; readonly seconds: number }[] {
  return limitingFactors
    .filter(({ key, minShare }) => limitedSeconds[key] >= Math.max(0.05, minShare * seconds))
    .map(({ key, label, title }) => ({ key, label, title, seconds: limitedSeconds[key] }))
    .sort((a, b) => b.seconds - a.seconds);
}
