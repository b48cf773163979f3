// `--insert-intervals`: minimum seconds between the starts of two inserts of a worker. With `1,2-4`, worker 0 waits for
// 1 second. All other workers wait for 2 or 3 seconds at random, never 4 (load/insertstrategy of tsdb-comparisons).

/** Function that draws the minimum time between the starts of two inserts of a worker, in seconds. */
export type Interval = (random: () => number) => number;

/** Returns one interval per worker; null for invalid text. Workers beyond the list use the last interval. */
export function parseIntervals(text: string, workers: number): readonly Interval[] | null {
  const read = text.split(',').slice(0, workers).map(interval);
  if (read.some((each) => each === null)) return null;
  return Array.from({ length: workers }, (_, worker) => read[Math.min(worker, read.length - 1)]!);
}

function interval(text: string): Interval | null {
  if (/^[-+]?\d+$/.test(text)) return () => Number(text);
  const [, from, to] = /^(\d+)-([-+]?\d+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined || Number(from) >= Number(to)) return null;
  return (random) => Number(from) + Math.floor(random() * (Number(to) - Number(from)));
}
