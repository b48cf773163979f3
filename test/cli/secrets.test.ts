// A server that repeats a request in its error page must not bring secrets into any output.

import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCluster } from '../support/cluster/cluster.js';
import type { ScriptedRequest, Step } from '../support/cluster/script.js';
import { run } from '../support/programs/here.js';
import { lines, type Scene, scene } from '../support/scene.js';

const password = 'hunter2-in-plain';
const header = 'team-secret-4711';
const base64 = Buffer.from(`root:${password}`).toString('base64');
const echo = `you sent Authorization: Basic ${base64}, password ${password}, X-Team: ${header}`;

let it: Scene;
beforeEach(async () => {
  const body = JSON.stringify({ error_code: '040004', error_message: `Error parsing message: ${echo}` });
  // Empty writes are probes; points are refused with an echo of the request.
  it = await scene({
    script: { onWrite: ({ points }) => (points.length > 0 ? { answer: { status: 422, body } } : undefined) },
  });
});
afterEach(() => it.end());

test('no secret that a server repeats appears in stderr, summary, report or dead letters', async () => {
  const report = join(it.folder, 'report.html');
  const metrics = join(it.folder, 'run.prom');
  const words = [
    '--header',
    `X-Team: ${header}`,
    '--report',
    report,
    '--metrics-file',
    metrics,
    '--log-level',
    'debug',
  ];
  const env = { BULK_LOAD_PASSWORD: password };
  const ended = await it.load([...words, await it.file('a.lp', lines(5))], { env });
  const { rejects } = ended.summary!;
  expect(Object.values(rejects.byReason).reduce((sum, n) => sum + n, 0)).toBe(5);
  const reasons = await readFile(rejects.reasons!, 'utf8');
  expect(reasons).toContain('you sent Authorization: Basic (hidden)');
  const outputs = [ended.stderr, ended.stdout, JSON.stringify(ended.summary), reasons];
  for (const file of [report, metrics]) outputs.push(await readFile(file, 'utf8'));
  for (const secret of [password, header, base64]) expect(outputs.join('\n')).not.toContain(secret);
});

test('no secret that a server repeats appears in the progress events', async () => {
  const env = { BULK_LOAD_PASSWORD: password, BULK_LOAD_HEADER: `X-Team: ${header}` };
  const { stderr } = await it.load(['--progress', 'json', await it.file('a.lp', lines(5))], { env });
  expect(stderr).toContain('"event":"end"');
  for (const secret of [password, header, base64]) expect(stderr).not.toContain(secret);
});

test('no secret that a server repeats appears in the error that ends an audit', async () => {
  const body = `you sent ${base64}`;
  const onOther = ({ path, body: sql }: ScriptedRequest): Step | undefined =>
    path.includes('/sql') && sql.toString().startsWith('DESCRIBE TABLE')
      ? { answer: { status: 422, body } }
      : undefined;
  const cluster = await startCluster({ script: { onOther } });
  const options = ['--url', cluster.urls.join(','), '--db', 'db', '--password', password];
  const path = await it.file('a.lp', lines(5));
  const { code, stderr } = await run(['audit', ...options, '--state-dir', it.stateDir, path]);
  await cluster.stop();
  expect([code, stderr]).toEqual([4, expect.stringContaining('you sent (hidden)')]);
});

test('no secret that a queue repeats appears in the error that ends a command of a fleet', async () => {
  const queue = createServer((socket) => {
    const answer = (data: Buffer): void => {
      for (const command of data.toString().split(/(?=\*\d+\r\n\$)/))
        socket.write(`-ERR you sent ${command.replace(/\s+/g, ' ')}\r\n`);
    };
    socket.on('error', () => {}).on('data', answer);
  });
  await new Promise<void>((resolve) => queue.listen(0, '127.0.0.1', resolve));
  const { port } = queue.address() as AddressInfo;
  const { code, stderr } = await run(['status', '--queue', `redis://:${password}@127.0.0.1:${port}`]);
  queue.close();
  expect([code, stderr]).toEqual([5, expect.stringContaining('you sent')]);
  expect(stderr).not.toContain(password);
});
