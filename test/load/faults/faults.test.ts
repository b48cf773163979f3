// Faults of the network, each at the first, a middle and the last batch of a real load: how the fault is classified, whether
// the cluster stored the batch, and that every point is finally stored and counted once.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Summary } from '../../../src/core/types/index.js';
import { startCluster } from '../../support/cluster/cluster.js';
import { isSoak } from '../../support/effort.js';
import { exactLoader, exactRows, type Loader, storedRows } from '../../support/exact.js';
import { hasty } from '../../support/hasty.js';
import { balances } from '../../support/scene.js';
import { type Fault, startProxy } from '../../support/servers/proxy.js';

const count = 1000;
const batchPoints = 100;
const batches = count / batchPoints;
const options = { batchPoints: String(batchPoints), workers: '1', requestTimeout: '40s' };

let loader: Loader;
beforeAll(async () => {
  // A minute of waiting for columns takes three seconds.
  loader = await exactLoader(count, hasty(20));
});
afterAll(() => loader.end());

interface Case {
  readonly name: string;
  readonly fault: Fault;
  /** The class of the failed request in the summary. */
  readonly takenFor: keyof Summary['requests'];
  /** The cluster stored the batch without acknowledging it. */
  readonly landed: boolean;
}

const head = 'Content-Length: 0\r\n\r\n';

const cases: readonly Case[] = [
  {
    name: 'reset at the first byte of the request',
    fault: { cut: { side: 'up', after: 1, how: 'reset' } },
    takenFor: 'unreachable',
    landed: false,
  },
  {
    name: 'closed within the head of the request',
    fault: { cut: { side: 'up', after: 60, how: 'close' } },
    takenFor: 'unreachable',
    landed: false,
  },
  {
    name: 'closed within the body',
    fault: { cut: { side: 'up', after: 3000, how: 'close' } },
    takenFor: 'unreachable',
    landed: false,
  },
  {
    name: 'reset within the body',
    fault: { cut: { side: 'up', after: 3000, how: 'reset' } },
    takenFor: 'unreachable',
    landed: false,
  },
  {
    name: 'closed when the answer begins',
    fault: { cut: { side: 'down', after: 0, how: 'close' } },
    takenFor: 'unreachable',
    landed: true,
  },
  {
    name: 'reset when the answer begins',
    fault: { cut: { side: 'down', after: 0, how: 'reset' } },
    takenFor: 'unreachable',
    landed: true,
  },
  {
    name: 'closed within the status of the answer',
    fault: { cut: { side: 'down', after: 11, how: 'close' } },
    takenFor: 'unreachable',
    landed: true,
  },
  {
    name: 'reset within the headers of the answer',
    fault: { cut: { side: 'down', after: 40, how: 'reset' } },
    takenFor: 'unreachable',
    landed: true,
  },
  {
    name: 'half open: the request never arrives',
    fault: { stall: { side: 'up', after: 500 } },
    takenFor: 'overloaded',
    landed: false,
  },
  {
    name: 'half open: the answer never arrives',
    fault: { stall: { side: 'down', after: 0 } },
    takenFor: 'overloaded',
    landed: true,
  },
  {
    name: 'half open within the answer',
    fault: { stall: { side: 'down', after: 20 } },
    takenFor: 'overloaded',
    landed: true,
  },
  {
    name: 'a request that trickles',
    fault: { trickle: { side: 'up', bytes: 400, everyMs: 2 } },
    takenFor: 'accepted',
    landed: true,
  },
  {
    name: 'an answer that trickles',
    fault: { trickle: { side: 'down', bytes: 3, everyMs: 2 } },
    takenFor: 'accepted',
    landed: true,
  },
  {
    name: 'a request that is late',
    fault: { delay: { side: 'up', ms: 100 } },
    takenFor: 'accepted',
    landed: true,
  },
  {
    name: 'an answer that is late',
    fault: { delay: { side: 'down', ms: 100 } },
    takenFor: 'accepted',
    landed: true,
  },
  {
    name: '500 in place of the answer',
    fault: { say: `HTTP/1.1 500 Oh\r\n${head}`, passOn: true },
    takenFor: 'overloaded',
    landed: true,
  },
  {
    name: '502 from a proxy',
    fault: { say: `HTTP/1.1 502 Bad Gateway\r\n${head}` },
    takenFor: 'overloaded',
    landed: false,
  },
  {
    name: '429 with Retry-After',
    fault: { say: `HTTP/1.1 429 Slow\r\nRetry-After: 2\r\n${head}` },
    takenFor: 'overloaded',
    landed: false,
  },
  {
    name: '301 to elsewhere',
    fault: { say: `HTTP/1.1 301 Gone\r\nLocation: http://127.0.0.1:9/\r\n${head}` },
    takenFor: 'refused',
    landed: false,
  },
  { name: '404', fault: { say: `HTTP/1.1 404 No\r\n${head}` }, takenFor: 'refused', landed: false },
  {
    name: '204, which is no acknowledgement',
    fault: { say: 'HTTP/1.1 204 None\r\n\r\n', passOn: true },
    takenFor: 'refused',
    landed: true,
  },
  {
    name: '422 that says nothing known',
    fault: { say: 'HTTP/1.1 422 X\r\nContent-Length: 3\r\n\r\nhm?' },
    takenFor: 'rejected',
    landed: false,
  },
  {
    name: '200 with a body without end',
    fault: { say: 'HTTP/1.1 200 OK\r\n\r\n', forever: true, passOn: true },
    takenFor: 'refused',
    landed: true,
  },
  {
    name: 'headers without end',
    fault: { say: 'HTTP/1.1 200 OK\r\nX-A: ', forever: true, passOn: true },
    takenFor: 'unreachable',
    landed: true,
  },
  {
    name: 'another language in place of HTTP',
    fault: { say: 'SSH-2.0-OpenSSH_9.6\r\n' },
    takenFor: 'unreachable',
    landed: false,
  },
  {
    name: 'noise in place of HTTP',
    fault: { say: '\x00\xff\x17\x03\x03\r\n\r\n', passOn: true },
    takenFor: 'unreachable',
    landed: true,
  },
  {
    name: '100 Continue that nobody asked for',
    fault: { sayFirst: 'HTTP/1.1 100 Continue\r\n\r\n' },
    takenFor: 'accepted',
    landed: true,
  },
];

/** CI and the soak try each fault at each of these batches; a test run tries it at one, in turn. */
const places: readonly [string, number][] = [
  ['first', 0],
  ['middle', batches / 2],
  ['last', batches - 1],
];
const numbered = cases.map((each, number) => ({ ...each, number }));

describe.concurrent.each(numbered)('$name', ({ fault, takenFor, landed, number }) => {
  test.each(places.filter((_, place) => isSoak || number % places.length === place))(
    'at the %s batch costs nothing',
    async (_, at) => {
      const cluster = await startCluster();
      const proxy = await startProxy(cluster.urls[0]!);
      proxy.set((write) => (write === at ? fault : undefined));
      try {
        const { summary, error } = await loader.load([proxy.url], options);
        expect(error).toBeNull();
        expect(summary.points).toEqual({ read: count, loaded: count, rejected: 0, undelivered: 0 });
        expect(balances(summary)).toBe(true);
        const passed = takenFor === 'accepted';
        const sent = batches + (passed ? 0 : 1);
        const { accepted, retried } = summary.requests;
        expect({ sent: summary.requests.sent, accepted, retried }).toEqual({
          sent,
          accepted: batches,
          retried: passed ? 0 : 1,
        });
        expect(summary.requests[takenFor]).toBe(passed ? batches : 1);
        expect(cluster.writes.length).toBe(batches + (landed && !passed ? 1 : 0));
        expect(storedRows(cluster)).toEqual(exactRows(count));
        expect(cluster.violations).toEqual([]);
      } finally {
        await proxy.stop();
        await cluster.stop();
      }
    },
  );
});

test('a body that is lost three times is halved, and no point of it counts as bad', async () => {
  const cluster = await startCluster();
  const proxy = await startProxy(cluster.urls[0]!);
  const lost: Fault = { cut: { side: 'down', after: 0, how: 'reset' } };
  proxy.set((write) => (write >= 4 && write < 7 ? lost : undefined));
  try {
    const { summary } = await loader.load([proxy.url], options);
    expect(summary.points).toEqual({ read: count, loaded: count, rejected: 0, undelivered: 0 });
    expect(summary.requests.unreachable).toBe(3);
    expect(storedRows(cluster)).toEqual(exactRows(count));
  } finally {
    await proxy.stop();
    await cluster.stop();
  }
});
