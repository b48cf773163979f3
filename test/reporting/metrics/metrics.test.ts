import { expect, test } from 'vitest';
import { RunMetrics } from '../../../src/reporting/metrics/metrics.js';
import { snapshotAt, summaryOf } from '../samples.js';

const metrics = (): RunMetrics => new RunMetrics({ version: '1.2.3', database: 'a "b"' });

test('every metric has help and type, and its unit in the name', async () => {
  const it = metrics();
  it.watch(() => snapshotAt(10, { heldBackBy: 'target' }));
  const text = await it.text();
  expect(text).toContain('# TYPE bulk_load_points_loaded_total counter\nbulk_load_points_loaded_total 100000\n');
  expect(text).toContain('bulk_load_requests_total{result="accepted"} 1\n');
  expect(text).toContain('bulk_load_request_latency_seconds{quantile="0.99"} 0.08\n');
  expect(text).toContain('bulk_load_memory_level{level="normal"} 1\nbulk_load_memory_level{level="high"} 0\n');
  expect(text).toContain('bulk_load_held_back{by="target"} 1\nbulk_load_held_back{by="targetMemory"} 0\n');
  expect(text).toContain('bulk_load_percent 5\n');
  expect(text).toContain('bulk_load_info{version="1.2.3",database="a \\"b\\""} 1\n');
  const names = [...text.matchAll(/^([a-z]\w+)/gm)].map(([, name]) => name!);
  expect(names.filter((name) => !text.includes(`# HELP ${name} `))).toEqual([]);
});

test('a second request reports the current totals, not sums of both requests', async () => {
  const it = metrics();
  let seconds = 10;
  it.watch(() => snapshotAt(seconds));
  await it.text();
  seconds = 11;
  expect(await it.text()).toContain('bulk_load_points_loaded_total 110000\n');
});

test('an unknown value is absent instead of 0', async () => {
  const it = metrics();
  it.watch(() => snapshotAt(1, { percent: null, bytes: { read: 1, total: null, decoded: 1, sent: 1 } }));
  expect(await it.text()).not.toMatch(/^bulk_load_(input_size_bytes|percent)/m);
});

test('the metrics of an ended run have its exit code and time', async () => {
  const it = metrics();
  it.watch(() => snapshotAt(1));
  it.end(summaryOf({ outcome: 'unavailable', exitCode: 5, endedAt: '2022-01-01T00:00:10.000Z' }));
  const text = await it.text();
  expect(text).toContain('bulk_load_exit_code{outcome="unavailable"} 5\n');
  expect(text).toContain('bulk_load_end_time_seconds 1640995210\n');
});

test('the outcome of a run that changed while results were written replaces the earlier one', async () => {
  const it = metrics();
  it.end(summaryOf({ outcome: 'complete', exitCode: 0 }));
  it.end(summaryOf({ outcome: 'memory', exitCode: 6 }));
  expect((await it.text()).match(/^bulk_load_exit_code\{.*$/gm)).toEqual(['bulk_load_exit_code{outcome="memory"} 6']);
});
