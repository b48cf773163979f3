// A CnosDB that takes everything and keeps nothing, in a process of its own: it reads headers, throws bodies away and
// answers what a loader asks before it begins. Raw sockets that all read into one buffer, so that the sink is not what is
// measured: a buffer for each piece made it half as expensive as the loaders.
// node sink.js [MS] [COLUMNS] → prints its port. MS: from one second after its first write on it answers nothing for so long.
// COLUMNS: rows of information_schema.columns.

import { createServer, Socket } from 'node:net';

const settings = JSON.stringify([
  {
    ttl: 'INF',
    shard: 1,
    vnode_duration: '1year',
    replica: 1,
    precision: 'NS',
    max_memcache_size: '128 MiB',
    strict_write: false,
  },
]);
const ping = JSON.stringify({ version: '2.4.3, revision: sink, build_time: none', status: 'healthy' });

const columns = process.argv[3] ?? '';
const hangMs = Number(process.argv[2] ?? 0);
const hangAfterMs = 1000;
let firstWrite = 0;

/** How long an answer is withheld, ms. @param {string} head */
function withheld(head) {
  if (hangMs === 0 || !head.includes('/write')) return 0;
  firstWrite ||= Date.now();
  const at = Date.now() - firstWrite - hangAfterMs;
  return at >= 0 && at < hangMs ? hangMs - at : 0;
}

/** @param {import('node:net').Socket} socket @param {string} head @param {string} body */
function reply(socket, head, body) {
  const ms = withheld(head);
  if (ms === 0) socket.write(answer(head, body));
  else setTimeout(() => socket.write(answer(head, body)), ms);
}

/** @param {string} statement */
function answerTo(statement) {
  if (statement.startsWith('DESCRIBE DATABASE')) return settings;
  return /information_schema\.columns|DESCRIBE TABLE/i.test(statement) ? columns : '';
}

/** @param {string} head @param {string} body */
function answer(head, body) {
  const text = head.includes('/ping') ? ping : answerTo(body);
  const type = text === '' ? '' : 'content-type: application/json\r\n';
  return `HTTP/1.1 200 OK\r\n${type}content-length: ${text.length}\r\n\r\n${text}`;
}

/** What came last, of whichever socket. 64 KiB stay in the processor's cache: with 256 the loaders took a tenth longer. */
const buffer = Buffer.alloc(64 * 1024);

const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
  let head = '';
  let left = 0;
  let body = '';
  let reading = false;
  /** @param {number} length */
  const take = (length) => {
    let at = 0;
    while (at < length) {
      if (!reading) {
        const end = buffer.subarray(0, length).indexOf('\r\n\r\n', at);
        head += buffer.latin1Slice(at, end < 0 ? length : end);
        if (end < 0) return true;
        at = end + 4;
        left = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        reading = true;
        body = '';
      }
      const taken = Math.min(left, length - at);
      if (taken > 0 && head.includes('/sql')) body += buffer.latin1Slice(at, at + taken);
      left -= taken;
      at += taken;
      if (left === 0) {
        reply(socket, head, body);
        head = '';
        reading = false;
      }
    }
    return true;
  };
  // Only a socket made by hand can be given a buffer; the server's own is the source of its handle.
  const { _handle: handle } = /** @type {{ _handle?: unknown }} */ (/** @type {unknown} */ (accepted));
  const options = { handle, onread: { buffer, callback: take }, readable: true, writable: true };
  const socket = new Socket(options);
  socket.on('error', () => {});
  socket.resume();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
});
