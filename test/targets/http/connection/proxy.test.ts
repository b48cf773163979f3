import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { UsageError } from '../../../../src/core/errors.js';
import { proxyFor } from '../../../../src/core/network/proxy.js';
import { parseProxyUrl } from '../../../../src/core/network/proxy-url.js';
import type { Target } from '../../../../src/core/types/index.js';
import { cnosdb } from '../../../../src/targets/cnosdb/index.js';
import type { TargetSettings } from '../../../../src/targets/types.js';
import { type Cluster, startCluster } from '../../../support/cluster/cluster.js';
import { type ForwardProxy, startForwardProxy } from '../../../support/servers/forward-proxy.js';
import { type Authority, authority, startTlsFront, type TlsFront } from '../../../support/servers/pki.js';
import { targetDeps } from '../../../support/targets/target-deps.js';

test.each<[string, Record<string, string>, string | null]>([
  ['http://db:1', { HTTP_PROXY: 'http://p:3128' }, 'http://p:3128 HTTP_PROXY'],
  ['http://db:1', { http_proxy: 'http://lower:1', HTTP_PROXY: 'http://upper:1' }, 'http://lower:1 http_proxy'],
  ['http://db:1', { HTTPS_PROXY: 'http://p:3128' }, null],
  ['https://db:1', { HTTPS_PROXY: 'http://p:3128' }, 'http://p:3128 HTTPS_PROXY'],
  ['https://db:1', { ALL_PROXY: 'http://p:3128' }, 'http://p:3128 ALL_PROXY'],
  ['http://db:1', { HTTP_PROXY: 'p' }, 'http://p:1080 HTTP_PROXY'],
  ['http://db:1', { HTTP_PROXY: 'p:80' }, 'http://p HTTP_PROXY'],
  ['http://db:1', { HTTP_PROXY: 'http://u:hush@p:2' }, 'http://p:2 HTTP_PROXY'],
  ['http://db:1', { HTTP_PROXY: '' }, null],
  ['http://db:1', { HTTP_PROXY: 'p:1', NO_PROXY: '*' }, null],
  ['http://a.example.org:1', { HTTP_PROXY: 'p:1', NO_PROXY: 'x, .example.org' }, null],
  ['http://example.org:1', { HTTP_PROXY: 'p:1', NO_PROXY: 'example.org' }, null],
  ['http://notexample.org:1', { HTTP_PROXY: 'p:1', NO_PROXY: 'example.org' }, 'http://p:1 HTTP_PROXY'],
  ['http://10.1.2.3:1', { HTTP_PROXY: 'p:1', no_proxy: '10.0.0.0/8' }, null],
  ['http://11.1.2.3:1', { HTTP_PROXY: 'p:1', no_proxy: '10.0.0.0/8' }, 'http://p:1 HTTP_PROXY'],
  ['http://[fe80::1]:1', { HTTP_PROXY: 'p:1', no_proxy: 'fe80::/10' }, null],
  ['http://127.0.0.1:1', { HTTP_PROXY: 'p:1', NO_PROXY: '127.0.0.1' }, null],
])('the proxy of %s with %j is %s', (endpoint, env, expected) => {
  const found = proxyFor(new URL(endpoint), null, env);
  expect(found === null ? null : `${found.origin} ${found.source}`).toBe(expected);
});

test('--proxy overrides the environment, NO_PROXY overrides --proxy, and none connects directly', () => {
  const [url, env] = [new URL('http://db:1'), { HTTP_PROXY: 'http://other:1' }];
  const given = parseProxyUrl('http://u:p%40w@mine:3128')!;
  expect(given).toEqual({ origin: 'http://mine:3128', authorization: `Basic ${btoa('u:p@w')}` });
  expect(proxyFor(url, given, env)).toMatchObject({ origin: 'http://mine:3128', source: '--proxy' });
  expect(proxyFor(url, given, { NO_PROXY: 'db' })).toBeNull();
  expect(proxyFor(url, 'none', env)).toBeNull();
});

test('a SOCKS proxy in the environment is a usage error that does not show its credentials', () => {
  const choose = (): unknown => proxyFor(new URL('http://db:1'), null, { ALL_PROXY: 'socks5://u:hush@p:1080' });
  expect(choose).toThrow(UsageError);
  expect(choose).toThrow(/ALL_PROXY: expected the URL of an HTTP proxy(?!.*hush)/);
});

const never = new AbortController().signal;
let ours: Authority;
let cluster: Cluster;
let proxy: ForwardProxy;
let front: TlsFront | null = null;
let target: Target | null = null;

beforeAll(async () => {
  ours = await authority();
});
afterAll(() => ours.end());
afterEach(async () => {
  await target?.close();
  await front?.stop();
  await proxy?.stop();
  await cluster?.stop();
  [target, front] = [null, null];
});

async function connect(
  url: string,
  settings: Partial<TargetSettings>,
  env: Record<string, string> = {},
): Promise<Target> {
  target = await cnosdb.create({ ...targetDeps([url], settings), env });
  return target;
}

async function write(to: Target): ReturnType<Target['write']> {
  return await to.write(await to.encode(Buffer.from('m f=1 1\n')), 1, 10_000, never);
}

test('http requests go to the proxy with the whole URL, and check shows the proxy', async () => {
  [cluster, proxy] = await Promise.all([startCluster(), startForwardProxy('u:hush')]);
  const [url] = cluster.urls;
  const to = await connect(url!, {}, { HTTP_PROXY: proxy.url.replace('://', '://u:hush@') });
  expect((await to.describe(never)).endpoints).toMatchObject([{ url, proxy: `${proxy.url} (HTTP_PROXY)` }]);
  expect((await write(to)).verdict.kind).toBe('accepted');
  expect(cluster.points()).toBe(1);
  expect(new Set(proxy.seen.map((each) => each.replace(/\?.*/, '')))).toEqual(
    new Set([`POST ${url}/api/v1/write`, `GET ${url}/api/v1/ping`, `POST ${url}/api/v1/sql`]),
  );
});

test('https goes through a tunnel, and the certificate is that of the endpoint', async () => {
  [cluster, proxy] = await Promise.all([startCluster(), startForwardProxy()]);
  front = await startTlsFront(cluster.urls[0]!, await ours.issue('node', 'IP:127.0.0.1'));
  const { readFile } = await import('node:fs/promises');
  const tls = { ca: await readFile(ours.ca, 'utf8'), cert: null, key: null };
  const to = await connect(front.url, { tls, proxy: parseProxyUrl(proxy.url) });
  await to.describe(never);
  expect((await write(to)).verdict.kind).toBe('accepted');
  expect(cluster.points()).toBe(1);
  expect(proxy.seen.length).toBeGreaterThan(0);
  expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT ${new URL(front.url).host}`]));
});

test.each(['http', 'https'])('a proxy that wants credentials refuses %s with advice', async (scheme) => {
  [cluster, proxy] = await Promise.all([startCluster(), startForwardProxy('u:p')]);
  const url = cluster.urls[0]!.replace('http:', `${scheme}:`);
  const to = await connect(url, { waitForTargetMs: 60_000, proxy: parseProxyUrl(proxy.url) });
  await expect(to.describe(never)).rejects.toThrow(/407.*credentials.*--proxy http:\/\/user:password@host:port/);
});

test.each(['http', 'https'])('a proxy that is down is named in the error of an %s endpoint', async (scheme) => {
  [cluster, proxy] = await Promise.all([startCluster(), startForwardProxy()]);
  const down = proxy.url;
  await proxy.stop();
  const url = cluster.urls[0]!.replace('http:', `${scheme}:`);
  const to = await connect(url, { proxy: parseProxyUrl(down) });
  await expect(to.describe(never)).rejects.toThrow(`proxy ${down}: connection refused`);
});
