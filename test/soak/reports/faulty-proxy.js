// An endpoint before the server that answers, delays or resets writes as its fault says.

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const longestSmallBody = 1500;

/**
 * @param {number} port of the server
 * @param {import('./scenario.js').Fault} fault
 * @param {(range: number) => number} random
 * @param {(write: number) => void} onWrite called with the number of each write
 */
export async function startFaultyProxy(port, fault, random, onWrite) {
  let writes = 0;
  let isOver = false;
  const diesAt = 2 + random(6);
  /** @param {import('node:http').IncomingMessage} incoming @param {import('node:http').ServerResponse} response */
  const serve = async (incoming, response) => {
    /** @type {Buffer[]} */
    const parts = [];
    incoming.on('error', () => {});
    for await (const part of incoming) parts.push(part);
    const body = Buffer.concat(parts);
    const isWrite = incoming.url?.includes('/write') === true && body.length > 0;
    if (isWrite) {
      writes += 1;
      onWrite(writes);
    }
    const act = isWrite && !isOver ? actOf(fault, random, writes >= diesAt, body.length) : 'forward';
    if (act === 'slow') await wait(20 + random(60));
    if (act === 'reset') return void incoming.socket.destroy();
    if (typeof act === 'number') return void response.writeHead(act, { 'retry-after': '0' }).end('{}');
    const headers = { ...incoming.headers, connection: 'close' };
    const onward = request(
      { port, host: '127.0.0.1', method: incoming.method, path: incoming.url, headers },
      (answer) => {
        if (act === 'reset after') return void incoming.socket.destroy(answer.resume() && undefined);
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => incoming.socket.destroy());
    onward.end(body);
  };
  const proxy = createServer((incoming, response) => void serve(incoming, response));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    /** From now on every request is forwarded. */
    recover: () => {
      isOver = true;
    },
    stop: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

/**
 * @param {import('./scenario.js').Fault} fault @param {(range: number) => number} random
 * @param {boolean} isLate @param {number} bytes
 * @returns {'forward' | 'slow' | 'reset' | 'reset after' | number}
 */
function actOf(fault, random, isLate, bytes) {
  if (fault === 'dies') return isLate ? 'reset' : 'forward';
  if (fault === 'small bodies') return bytes > longestSmallBody ? 413 : 'forward';
  if (fault === 'slow') return 'slow';
  if (fault === 'none' || random(5) > 0) return 'forward';
  return /** @type {const} */ ([503, 429, 502, 'reset', 'reset after'])[random(5)] ?? 'forward';
}
