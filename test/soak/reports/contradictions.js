// Compares what a run reports in six places: exit code, JSON summary, console, report page, metrics, and rows in the server.

import { inputOf } from './scenario.js';

/**
 * @typedef {{ code: number | null; stderr: string; summary: any; page: string | null; metrics: string | null;
 *   rows: number[]; reasons: number; valid: number[][]; isLimited: boolean; isDryRun: boolean }} Reports
 * `rows`: numbers of the stored points. `reasons`: lines of the dead letters. `valid`: valid numbers of each input.
 */

/** Returns every contradiction between the reports of one run. @param {Reports} reports @returns {string[]} */
export function contradictions(reports) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} what @param {unknown} actual @param {unknown} expected */
  const same = (what, actual, expected) => {
    if (actual !== expected) found.push(`${what}: ${String(actual)} instead of ${String(expected)}`);
  };
  const { code, summary, page, metrics } = reports;
  if (summary === null || page === null || metrics === null) {
    if (code !== null)
      found.push(`exit code ${code} without ${summary === null ? 'summary' : page === null ? 'report' : 'metrics'}`);
    return found;
  }
  same('exit code of the summary', summary.exitCode, code);
  compareTotals(summary, same);
  compareConsole(reports, same);
  comparePage(summary, page, same);
  compareMetrics(summary, metrics, same);
  // The file of a dry run that stopped early is discarded.
  if (!(reports.isDryRun && /; bulk-load does not write /.test(reports.stderr))) compareRows(reports, found);
  else same('rows of a discarded file', reports.rows.length, 0);
  return found;
}

/** @typedef {(what: string, actual: unknown, expected: unknown) => void} Same */

/** @param {any} summary @param {Same} same */
function compareTotals(
  { points, inputs, rejects, outcome, endpoints, thisRun, continueWith, exitCode, requests },
  same,
) {
  for (const each of [points, ...inputs]) same('read', each.read, each.loaded + each.rejected + each.undelivered);
  for (const name of ['read', 'loaded', 'rejected', 'undelivered'])
    same(
      `${name} of all inputs`,
      sum(inputs, (each) => each[name]),
      points[name],
    );
  same('rejects by reason', sum(Object.values(rejects.byReason), Number), points.rejected);
  if (endpoints.length > 0)
    same(
      'loaded of all endpoints',
      sum(endpoints, (each) => each.loaded),
      thisRun.loaded,
    );
  if (outcome === 'usage') same('requests of a run that sent nothing', requests.sent, 0);
  const isWhole = outcome === 'complete' || outcome === 'complete-with-rejects';
  if (isWhole) same('undelivered of a complete load', points.undelivered, 0);
  if (outcome === 'complete') same('exit code of a complete load', exitCode, 0);
  if (isWhole || outcome === 'usage' || outcome === 'refused') same('command to run again', continueWith, null);
  same('inputs with errors', inputs.some((/** @type {any} */ { error }) => error !== null) && isWhole, false);
}

/** @param {Reports} reports @param {Same} same */
function compareConsole({ stderr, summary }, same) {
  const { points, exitCode, rejects, continueWith } = summary;
  same('exit code on the console', (/\(exit code (\d+)\)/.exec(stderr) ?? ['', '0'])[1], String(exitCode));
  same('command on the console', / {2}(?:run again {2}|resume {4})(.*)/.exec(stderr)?.[1] ?? null, continueWith);
  const row = /^ {2}points +(.*?), [\d,]+ values?$/m.exec(stderr)?.[1];
  const balance = `${count(points.read)} read = ${count(points.loaded)} loaded + ${count(points.rejected)} rejected + ${count(points.undelivered)} undelivered`;
  if (row !== undefined) same('points on the console', row, balance);
  else same('points of a run without figures on the console', summary.thisRun.loaded + summary.requests.sent, 0);
  const shown = [...stderr.matchAll(/^ {2}rejected +([a-z-]+): ([\d,]+) points?/gm)];
  if (row !== undefined)
    same(
      'rejects on the console',
      shown
        .map(([, reason, n]) => `${reason} ${n}`)
        .sort()
        .join(),
      reasonsText(rejects.byReason),
    );
}

/** @param {any} summary @param {string} page @param {Same} same */
function comparePage({ points, exitCode, continueWith }, page, same) {
  same('exit code of the page', /exit code (\d+)/.exec(page)?.[1], String(exitCode));
  for (const [label, value] of [
    ['points read', points.read],
    ['loaded', points.loaded],
    ['rejected', points.rejected],
    ['undelivered', points.undelivered],
  ])
    same(`${label} on the page`, new RegExp(`<dt>${label}</dt><dd[^>]*>([\\d,]+)<`).exec(page)?.[1], count(value));
  same(
    'command on the page',
    /<pre><code>(.*?)<\/code><\/pre>/s.exec(page)?.[1] ?? null,
    continueWith === null ? null : escaped(continueWith),
  );
}

/** @param {any} summary @param {string} metrics @param {Same} same */
function compareMetrics({ points, exitCode, outcome, requests }, metrics, same) {
  /** @param {string} name */
  const metric = (name) => new RegExp(`^bulk_load_${name} (\\S+)$`, 'm').exec(metrics)?.[1];
  same('exit code of the metrics', metric(`exit_code{outcome="${outcome}"}`), String(exitCode));
  same('undelivered of the metrics', metric('points_undelivered'), String(points.undelivered));
  // A run that ended before it had anything to count has no counters.
  if (metric('points_read_total') === undefined) return same('requests without counters', requests.sent, 0);
  for (const name of ['read', 'loaded', 'rejected'])
    same(`${name} of the metrics`, metric(`points_${name}_total`), String(points[name]));
  same('retries of the metrics', metric('retries_total'), String(requests.retried));
}

/** @param {Reports} reports @param {string[]} found */
function compareRows({ summary, rows, reasons, valid, isLimited }, found) {
  const stored = valid.map(() => 0);
  for (const id of rows) {
    if (valid[inputOf(id)]?.includes(id)) stored[inputOf(id)] += 1;
    else found.push(`row ${id} is in the server, but in no input`);
  }
  for (const { loaded, undelivered, name } of summary.inputs) {
    const n = stored[Number(/(\d)\.\w+(\.gz)?$/.exec(name)?.[1])] ?? 0;
    if (n < loaded) found.push(`${name}: ${n} rows in the server, ${loaded} loaded`);
    if (n > loaded + undelivered)
      found.push(`${name}: ${n} rows in the server, ${loaded} loaded + ${undelivered} undelivered`);
  }
  if (reasons !== summary.points.rejected) found.push(`${reasons} dead letters, ${summary.points.rejected} rejected`);
  const { outcome, points } = summary;
  const all = valid.flat().length;
  if (outcome === 'complete' && !isLimited && points.loaded !== all)
    found.push(`complete with ${points.loaded} of ${all} points`);
}

/** @param {string} text */
function escaped(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** @param {Record<string, number>} byReason */
function reasonsText(byReason) {
  return Object.entries(byReason)
    .map(([reason, n]) => `${reason} ${count(n)}`)
    .sort()
    .join();
}

/** @param {number} value */
function count(value) {
  return value.toLocaleString('en-US');
}

/** @template T @param {readonly T[]} all @param {(each: T) => number} value */
function sum(all, value) {
  return all.reduce((total, each) => total + value(each), 0);
}
