// The lines that load_cnosdb prints on standard output, equal to the lines of the Go tool byte for byte (load/loader.go
// and cmd/load_cnosdb/process.go of tsdb-comparisons).

export const header = 'time,per. metric/s,metric total,overall metric/s,per. row/s,row total,overall row/s\n';

/** Totals of a load. Metrics are field values. */
export interface Totals {
  readonly metrics: number;
  readonly rows: number;
}

/** Totals at one moment. `seconds` count from the start of the load, `unixSeconds` (first column) from 1970. */
export interface ReportSnapshot extends Totals {
  readonly unixSeconds: number;
  readonly seconds: number;
}

/** Renders one line of the report: figures since `before` and since the start. */
export function reportLine(now: ReportSnapshot, before: ReportSnapshot): string {
  const took = now.seconds - before.seconds;
  const part = (count: number, earlier: number): string =>
    `${rate(count - earlier, took)},${scientific(count)},${rate(count, now.seconds)}`;
  const rows = now.rows > 0 ? part(now.rows, before.rows) : '-,-,-';
  return `${Math.floor(now.unixSeconds)},${part(now.metrics, before.metrics)},${rows}\n`;
}

export function backoffLine(worker: number, seconds: number): string {
  return `[worker ${worker}] backoff took ${seconds.toFixed(2)}sec\n`;
}

export function backoffTotal(worker: number, seconds: number): string {
  return `[worker ${worker}] backoffs took a total of ${seconds.toFixed(6)}sec of runtime\n`;
}

export function summaryLines({ metrics, rows }: Totals, seconds: number, workers: bigint): string {
  const line = (count: number, noun: string): string =>
    `loaded ${count} ${noun} in ${seconds.toFixed(3)}sec with ${workers} workers ` +
    `(mean rate ${rate(count, seconds)} ${noun}/sec)\n`;
  return `\nSummary:\n${line(metrics, 'metrics')}${rows > 0 ? line(rows, 'rows') : ''}`;
}

export function savingLine(path: string): string {
  return `Saving results json file to ${path}\n`;
}

/** Formats a rate per second; the rate is 0 for an interval of 0 seconds. */
function rate(count: number, seconds: number): string {
  return fixed(seconds > 0 ? count / seconds : 0);
}

/** Formats like Go's %0.2f. */
function fixed(value: number): string {
  return value.toFixed(2);
}

/** Formats like Go's %E, with at least two digits of exponent. */
function scientific(value: number): string {
  return value
    .toExponential(6)
    .replace(/e([+-])(\d)$/, 'e$10$2')
    .toUpperCase();
}
