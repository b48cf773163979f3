// Real TLS with a private CA: whom the loader trusts, which certificate it shows, and why it refuses.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { realClock } from '../../support/clock.js';
import { type Cluster, startCluster } from '../../support/cluster/cluster.js';
import { exactLoader, exactRows, type Loader, storedRows } from '../../support/exact.js';
import { type Authority, authority, type Pair, startTlsFront, type TlsFront } from '../../support/servers/pki.js';

const count = 200;
const here = 'IP:127.0.0.1,DNS:localhost';

let loader: Loader;
let ours: Authority;
let others: Authority;
let pairs: Record<'node' | 'elsewhere' | 'expired' | 'client' | 'stranger', Pair>;
let cluster: Cluster;
let front: TlsFront;

beforeAll(async () => {
  loader = await exactLoader(count, realClock);
  [ours, others] = await Promise.all([authority(), authority()]);
  pairs = {
    node: await ours.issue('node', here),
    elsewhere: await ours.issue('elsewhere', 'DNS:db.example.org'),
    expired: await ours.issue('expired', here, -1),
    client: await ours.issue('client', 'DNS:loader'),
    stranger: await others.issue('stranger', 'DNS:loader'),
  };
});
afterAll(() => Promise.all([loader.end(), ours.end(), others.end()]));
afterEach(async () => {
  await front.stop();
  await cluster.stop();
});

async function listen(pair: Pair, clients?: string): Promise<string> {
  cluster = await startCluster();
  front = await startTlsFront(cluster.urls[0]!, pair, clients);
  return front.url;
}

test('a load trusts a private CA given with --ca', async () => {
  const { summary } = await loader.load([await listen(pairs.node)], { ca: ours.ca });
  expect(summary.outcome).toBe('complete');
  expect(storedRows(cluster)).toEqual(exactRows(count));
});

test('a load with --insecure trusts every certificate and warns about it', async () => {
  const { summary, notices } = await loader.load([await listen(pairs.expired)], { insecure: 'true' });
  expect(summary.outcome).toBe('complete');
  expect(notices.map(({ message }) => message).join()).toContain('bulk-load does not check certificates (--insecure)');
});

test('a load shows the client certificate given with --cert and --key', async () => {
  const url = await listen(pairs.node, ours.ca);
  const { summary } = await loader.load([url], { ca: ours.ca, ...pairs.client });
  expect(summary.outcome).toBe('complete');
  expect(storedRows(cluster)).toEqual(exactRows(count));
});

test.each<[string, () => Promise<string>, () => Record<string, string>, RegExp]>([
  [
    'a certificate of an unknown CA',
    () => listen(pairs.node),
    () => ({}),
    /an unknown CA; if you trust this CA, name its PEM file with --ca/,
  ],
  [
    'a certificate of another CA than --ca',
    () => listen(pairs.node),
    () => ({ ca: others.ca }),
    /unknown CA|with --ca/,
  ],
  [
    'a certificate for another host name',
    () => listen(pairs.elsewhere),
    () => ({ ca: ours.ca }),
    /the certificate of the server is for another host name \(.*127\.0\.0\.1/,
  ],
  [
    'an expired certificate',
    () => listen(pairs.expired),
    () => ({ ca: ours.ca }),
    /the certificate of the server has expired/,
  ],
])('%s is refused at once with the reason, and nothing is sent', async (_, url, options, words) => {
  const { summary, error } = await loader.load([await url()], options());
  expect(error!.message).toMatch(words);
  expect([summary.outcome, summary.exitCode]).toEqual(['refused', 4]);
  expect(cluster.writes).toEqual([]);
  expect(cluster.statements).toEqual([]);
});

test('https to a plain http port is refused with the reason', async () => {
  await listen(pairs.node);
  const { summary, error } = await loader.load([cluster.urls[0]!.replace('http:', 'https:')], { ca: ours.ca });
  expect(summary.outcome).toBe('refused');
  expect(error!.message).toContain('the server does not speak https; use http:// in the URL');
});

test.each<[string, () => Record<string, string>]>([
  ['a load without a client certificate', () => ({})],
  ['a load with an untrusted client certificate', () => pairs.stranger],
])('%s fails with a hint at --cert and --key, and nothing is sent', async (_, own) => {
  const url = await listen(pairs.node, ours.ca);
  const { summary, notices, error } = await loader.load([url], { ca: ours.ca, waitForTarget: '1s', ...own() });
  expect([summary.outcome, summary.exitCode]).toEqual(['unavailable', 5]);
  const said = [...notices.map(({ message }) => message), error!.message].join('\n');
  expect(said).toContain('if the server wants a certificate, see --cert and --key');
  expect(cluster.writes).toEqual([]);
});
