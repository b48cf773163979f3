// The short form of the soak of random runs: everything that a run reports tells the same story.

import { expect, test } from 'vitest';
import { casesOf } from '../../support/effort.js';
import { run } from '../../support/programs/process.js';

const runs = casesOf(6, 1);

test('exit code, summary, console, report, metrics and rows of random runs with faults agree', {
  timeout: 150_000,
}, async () => {
  const args = ['--runs', String(runs), '--seed', '1'];
  const { code, stdout } = await run(args, { script: 'test/soak/reports/soak.js' });
  expect(stdout).toContain(`${runs}/${runs} random runs tell one story`);
  expect(code).toBe(0);
});

test('reports that contradict each other are found', async () => {
  const { contradictions } = await import(new URL('../../soak/reports/contradictions.js', import.meta.url).href);
  const points = { read: 3, loaded: 2, rejected: 0, undelivered: 0 };
  const summary = {
    ...{ points, thisRun: points, outcome: 'usage', exitCode: 2, continueWith: 'bulk-load a.lp' },
    ...{ inputs: [{ ...points, name: '0.lp', error: null }], rejects: { byReason: { 'no-fields': 1 } }, endpoints: [] },
    requests: { sent: 1, retried: 0 },
  };
  const page = 'exit code 0 <dt>points read</dt><dd class="">4</dd>';
  const texts = { stderr: 'Complete.', page, metrics: 'bulk_load_points_read_total 3\n' };
  const stored = { rows: [0, 7], reasons: 1, valid: [[0, 1, 2]], isLimited: false, isDryRun: false };
  const found = contradictions({ code: 0, summary, ...texts, ...stored });
  for (const part of [
    'exit code of the summary',
    'read: 3',
    'rejects by reason',
    'requests of a run that sent nothing',
  ])
    expect(found.join('\n')).toContain(part);
  for (const part of [
    'on the console',
    'of the page',
    'of the metrics',
    'row 7 is in the server',
    '1 rows in the server',
  ])
    expect(found.join('\n')).toContain(part);
});
