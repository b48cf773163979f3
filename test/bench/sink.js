// A CnosDB that takes everything and keeps nothing, in a process of its own: it reads headers, throws bodies away and
// answers what a loader asks before it begins. A raw socket, so that the sink is not what is measured.
// node sink.js → prints its port.

import { createServer } from 'node:net';

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

/** @param {string} head @param {string} body */
function answer(head, body) {
  const text = head.includes('/ping') ? ping : body.startsWith('DESCRIBE DATABASE') ? settings : '';
  const type = text === '' ? '' : 'content-type: application/json\r\n';
  return `HTTP/1.1 200 OK\r\n${type}content-length: ${text.length}\r\n\r\n${text}`;
}

const server = createServer({ noDelay: true }, (socket) => {
  let head = '';
  let left = 0;
  let body = '';
  let reading = false;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (!reading) {
        const end = chunk.indexOf('\r\n\r\n', at);
        if (end < 0) {
          head += chunk.latin1Slice(at);
          return;
        }
        head += chunk.latin1Slice(at, end);
        at = end + 4;
        left = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        reading = true;
        body = '';
      }
      const taken = Math.min(left, chunk.length - at);
      if (taken > 0 && head.includes('/sql')) body += chunk.latin1Slice(at, at + taken);
      left -= taken;
      at += taken;
      if (left === 0) {
        socket.write(answer(head, body));
        head = '';
        reading = false;
      }
    }
    if (reading && left === 0) {
      socket.write(answer(head, body));
      head = '';
      reading = false;
    }
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address !== null ? address.port : 0}\n`);
});
