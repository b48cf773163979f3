import { expect, test } from 'vitest';
import { RunMetrics } from '../../src/reporting/metrics.js';
import { snapshotAt, summaryOf } from './samples.js';

const metrics = (): RunMetrics => new RunMetrics({ version: '1.2.3', database: 'a "b"' });

test('a run in numbers: each with help and type, units in the name', async () => {
  const it = metrics();
  it.watch(() => snapshotAt(10, { heldBackBy: 'target' }));
  const text = await it.text();
  expect(text).toContain('# TYPE bulk_load_points_loaded_total counter\nbulk_load_points_loaded_total 100000\n');
  expect(text).toContain('bulk_load_requests_total{result="accepted"} 1\n');
  expect(text).toContain('bulk_load_request_latency_seconds{quantile="0.99"} 0.08\n');
  expect(text).toContain('bulk_load_memory_level{level="normal"} 1\nbulk_load_memory_level{level="high"} 0\n');
  expect(text).toContain('bulk_load_held_back{by="target"} 1\n');
  expect(text).toContain('bulk_load_info{version="1.2.3",database="a \\"b\\""} 1\n');
  const names = [...text.matchAll(/^([a-z]\w+)/gm)].map(([, name]) => name!);
  expect(names.filter((name) => !text.includes(`# HELP ${name} `))).toEqual([]);
});

test('looked at again it tells what is then, not the sum of both looks', async () => {
  const it = metrics();
  let seconds = 10;
  it.watch(() => snapshotAt(seconds));
  await it.text();
  seconds = 11;
  expect(await it.text()).toContain('bulk_load_points_loaded_total 110000\n');
});

test('what is not known is not told as nothing', async () => {
  const it = metrics();
  it.watch(() => snapshotAt(1, { bytes: { read: 1, total: null, decoded: 1, sent: 1 } }));
  expect(await it.text()).not.toMatch(/^bulk_load_input_size_bytes/m);
});

test('at the end it says how the run ended, and when', async () => {
  const it = metrics();
  it.watch(() => snapshotAt(1));
  it.end(summaryOf({ outcome: 'unavailable', exitCode: 5, endedAt: '2022-01-01T00:00:10.000Z' }));
  const text = await it.text();
  expect(text).toContain('bulk_load_exit_code{outcome="unavailable"} 5\n');
  expect(text).toContain('bulk_load_end_time_seconds 1640995210\n');
});
