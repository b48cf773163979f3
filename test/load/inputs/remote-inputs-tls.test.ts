// Inputs over TLS, through the whole program: trusted certificates, and messages for the others.

import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { lines, type Scene, scene } from '../../support/scene.js';
import { type Files, startFiles } from '../../support/servers/files.js';
import { startForwardProxy } from '../../support/servers/forward-proxy.js';
import { type Authority, authority, type Pair, startTlsFront, type TlsFront } from '../../support/servers/pki.js';

const count = 3000;

let ours: Authority;
let others: Authority;
let node: Pair;
let elsewhere: Pair;
let it: Scene;
let web: Files;
let front: TlsFront;

beforeAll(async () => {
  [ours, others] = await Promise.all([authority(), authority()]);
  node = await ours.issue('node', 'IP:127.0.0.1,DNS:localhost');
  elsewhere = await ours.issue('elsewhere', 'DNS:files.example.org');
});
afterAll(() => Promise.all([ours.end(), others.end()]));
beforeEach(async () => {
  [it, web] = await Promise.all([scene(), startFiles({ '/readings.lp.gz': gzipSync(lines(count)) })]);
});
afterEach(async () => {
  await it.end();
  await front.stop();
  await web.stop();
});

test('an https input loads with the CA certificate named by --ca', async () => {
  front = await startTlsFront(web.url, node);
  const url = `${front.url}/readings.lp.gz`;
  const { code, summary } = await it.load(['--ca', ours.ca, url]);
  expect([code, summary?.inputs[0]?.name, summary?.points.loaded]).toEqual([0, url, count]);
  expect(it.cluster.points()).toBe(count);
});

test.each<[string, () => Pair, () => readonly string[], RegExp]>([
  [
    'an unknown CA',
    () => node,
    () => [],
    /found {5}the certificate of the server is signed by an unknown CA; if you trust this CA, name its PEM file with --ca/,
  ],
  [
    'another CA than that of --ca',
    () => node,
    () => ['--ca', others.ca],
    /signed by an unknown CA; if you trust this CA, name its PEM file with --ca/,
  ],
  [
    'a certificate for another host name',
    () => elsewhere,
    () => ['--ca', ours.ca],
    /the certificate of the server is for another host name \(.*127\.0\.0\.1/,
  ],
])('%s is refused with the cause, and nothing is sent', async (_, pair, options, words) => {
  front = await startTlsFront(web.url, pair());
  const { code, summary, stderr } = await it.load([...options(), `${front.url}/readings.lp.gz`]);
  expect([code, summary]).toEqual([2, null]);
  expect(stderr).toMatch(words);
  expect(web.asked).toEqual([]);
  expect(it.cluster.writes).toEqual([]);
});

test('a redirect from https to http is refused and not followed', async () => {
  front = await startTlsFront(web.url, node);
  web.act(({ path }) =>
    path === '/moved' ? { status: 302, headers: { location: `${web.url}/readings.lp.gz` } } : undefined,
  );
  const { code, stderr } = await it.load(['--ca', ours.ca, `${front.url}/moved`]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/302: a redirect from https to http \(127\.0\.0\.1:\d+\), which bulk-load does not follow/);
  expect(web.asked.map(({ path }) => path)).toEqual(['/moved']);
});

test('remote inputs come through the proxy: http by their whole URL, https through a tunnel', async () => {
  front = await startTlsFront(web.url, node);
  const proxy = await startForwardProxy('u:pw');
  const given = ['--proxy', proxy.url.replace('//', '//u:pw@'), '--ca', ours.ca];
  for (const url of [web.url, front.url]) {
    const { code, summary } = await it.load([...given, '--fresh', `${url}/readings.lp.gz`]);
    expect([code, summary?.points.loaded]).toEqual([0, count]);
  }
  const seen = new Set(proxy.seen.filter((request) => !request.includes(it.cluster.urls[0]!)));
  expect(seen).toEqual(new Set([`GET ${web.url}/readings.lp.gz`, `CONNECT ${new URL(front.url).host}`]));
  await proxy.stop();
});
