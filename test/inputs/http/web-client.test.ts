// Single requests to servers that fall silent, on a clock that runs 100 times as fast.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { Web } from '../../../src/inputs/http/web-client.js';
import { hasty } from '../../support/hasty.js';
import { remote } from '../../support/servers/remote.js';
import { never } from '../support.js';

/** Thirty seconds last 300 ms. */
const web = new Web({ ...remote, clock: hasty(100) });
let server: Server;

async function serving(listener: RequestListener): Promise<URL> {
  server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a`);
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('a server without a response for 30 s is given up', async () => {
  const url = await serving(() => {});
  await expect(web.get(url, {}, never)).rejects.toMatchObject({ code: 'NO_ANSWER' });
});

test('a body without a byte for 30 s is given up, and a slow one is not', async () => {
  const url = await serving((_, response) => {
    response.writeHead(200, { 'content-length': '10' });
    void (async () => {
      for (let i = 0; i < 5; i++) {
        response.write('x');
        await sleep(60);
      }
    })();
  });
  const { body } = await web.get(url, {}, never);
  let bytes = 0;
  const reading = (async () => {
    for await (const chunk of body) bytes += (chunk as Buffer).length;
  })();
  await expect(reading).rejects.toMatchObject({ code: 'NOTHING_CAME' });
  expect(bytes).toBe(5);
});

test('a body that is not read for more than 30 s stays open', async () => {
  const content = Buffer.alloc(8 << 20, 'x');
  const url = await serving((_, response) => response.end(content));
  const { body } = await web.get(url, {}, never);
  await sleep(1000);
  expect((await buffer(body)).equals(content)).toBe(true);
});

test.each([
  ['of unknown length', ''],
  ['of known length', 'Content-Length: 1000\r\n'],
])('a body %s that ends in a reset of the connection is an error', async (_, header) => {
  const url = await serving((_request, response) => {
    const socket = response.socket!;
    socket.write(`HTTP/1.1 200 OK\r\n${header}Connection: close\r\n\r\nhalf of it`, () =>
      setTimeout(() => socket.resetAndDestroy(), 30),
    );
  });
  const { body } = await web.get(url, {}, never);
  await expect(buffer(body)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a body of unknown length that ends with the connection is complete', async () => {
  const url = await serving((_request, response) => {
    response.socket!.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it');
  });
  const { body } = await web.get(url, {}, never);
  expect((await buffer(body)).toString()).toBe('all of it');
});

test('a response with an unrequested upgrade is given up at once', async () => {
  const url = await serving((_, response) => {
    response.socket!.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  });
  const waiting = new Web(remote).get(url, {}, never);
  await expect(waiting).rejects.toThrow('socket hang up');
}, 5000);

test('a signal ends the wait for a response, and the reading of a body, with its reason', async () => {
  const url = await serving((request, response) => {
    if (request.url === '/a') response.write('x');
  });
  const reason = new Error('enough');
  const first = new AbortController();
  const waiting = web.get(new URL('/never', url), {}, first.signal);
  setTimeout(() => first.abort(reason), 20);
  await expect(waiting).rejects.toBe(reason);
  const second = new AbortController();
  const { body } = await web.get(url, {}, second.signal);
  setTimeout(() => second.abort(reason), 20);
  await expect(buffer(body)).rejects.toBe(reason);
  await expect(web.get(url, {}, second.signal)).rejects.toBe(reason);
});
