// A load over a fleet on other kinds of queues: over TLS with a client certificate, and on a cluster; and without the packages.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningServer, serve } from '../../../../src/serve/serve.js';
import { begin } from '../../../support/programs/here.js';
import { start } from '../../../support/programs/process.js';
import { lines } from '../../../support/scene.js';
import { type Authority, authority } from '../../../support/servers/pki.js';
import { hasRedis, type RedisServer, startRedis } from '../../../support/servers/redis.js';
import { freePort } from '../../../support/servers/servers.js';

let server: RunningServer;
let folder: string;
beforeAll(async () => {
  server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  folder = await mkdtemp(join(tmpdir(), 'bulk-load-fleet-'));
  await writeFile(join(folder, 'a.lp'), lines(300));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Loads a file with one worker, and returns what the coordinator printed. */
async function loadOver(db: string, queue: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const words = ['--url', server.url, '--db', db, '--allow-input', folder, ...queue];
  const worker = begin(['worker', ...words, '--state-dir', join(folder, `${db}-worker`)]);
  const own = ['--create-db', '--piece-bytes', '4KiB', '--state-dir', join(folder, `${db}-state`)];
  const { code, stderr } = await begin([...words, ...own, join(folder, 'a.lp')]).ended;
  worker.kill();
  await worker.ended;
  return { code, stderr };
}

const complete = expect.stringContaining('300 read = 300 loaded') as unknown;

describe.skipIf(!hasRedis)('a fleet', () => {
  test('uses a queue that wants TLS, a client certificate and a user', async () => {
    let redis: RedisServer | undefined;
    const trusted: Authority = await authority();
    try {
      const node = await trusted.issue('queue', 'IP:127.0.0.1');
      const client = await trusted.issue('worker', 'DNS:worker');
      const tls = [
        '--port',
        '0',
        '--tls-port',
        '{port}',
        '--tls-auth-clients',
        'yes',
        '--tls-ca-cert-file',
        trusted.ca,
      ];
      const own = ['--tls-cert-file', node.cert, '--tls-key-file', node.key];
      const user = '--user loader on >secret ~bulk-load:* resetchannels +@all -@admin -@dangerous +info'.split(' ');
      const asClient = ['--tls', '--cacert', trusted.ca, '--cert', client.cert, '--key', client.key];
      redis = await startRedis([...tls, ...own, ...user], asClient);
      const address = redis.url.replace('redis://', 'rediss://loader:secret@');
      const pems = ['--queue-ca', trusted.ca, '--queue-cert', client.cert, '--queue-key', client.key];
      expect(await loadOver('tls', ['--queue', address, ...pems])).toEqual({ code: 0, stderr: complete });
      const bare = ['worker', '--db', 'd', '--allow-input', folder, '--queue', address, '--wait-for-target', '500ms'];
      const { code, stderr } = await begin(bare).ended;
      expect([code, stderr]).toEqual([5, expect.stringMatching(/expected +an answer from Redis or Valkey/)]);
    } finally {
      await redis?.end();
      await trusted.end();
    }
  });

  test('uses a cluster of three nodes, of which it knows one', async () => {
    const nodes: RedisServer[] = [];
    try {
      for (let i = 0; i < 3; i += 1)
        nodes.push(await startRedis(['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())]));
      const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
      await nodes[0]!.cli('--cluster', 'create', ...addresses, '--cluster-yes');
      expect(await loadOver('cluster', ['--queue', nodes[1]!.url])).toEqual({ code: 0, stderr: complete });
    } finally {
      await Promise.all(nodes.map((node) => node.end()));
    }
  });
});

test('without its packages a queue ends with exit code 2 and the command that installs them', async () => {
  const hide = `export async function resolve(name, context, next) {
    if (name === 'bullmq') throw Object.assign(new Error('hidden'), { code: 'ERR_MODULE_NOT_FOUND' });
    return await next(name, context);
  }`;
  const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
  const preload = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hide))});`;
  const words = ['worker', '--queue', 'redis://127.0.0.1:1', '--db', 'd', '--allow-input', '/data'];
  const { code, stderr } = await start(words, { nodeArgs: ['--import', dataUrl(preload)] }).ended;
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('run: npx -p ./bulk-load-0.2.0.tgz -p bullmq@6.7.0 -p ioredis@6.0.0 bulk-load worker'),
  ]);
});
