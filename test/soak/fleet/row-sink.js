// A CnosDB with one table, m(host, f): it counts how often each row, named by its field, is written, and answers what a loader
// asks. node row-sink.js PORT [MS]: each write takes MS. GET /stats: rows, rows written twice or more, requests in flight at most.

import { createServer } from 'node:http';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

const delayMs = Number(process.argv[3] ?? 0);
const settings = {
  ...{ ttl: 'INF', shard: 1, vnode_duration: '1year', replica: 1, precision: 'NS' },
  ...{ max_memcache_size: '128 MiB', strict_write: false },
};
const columns = [
  { table_name: 'm', column_name: 'time', column_type: 'TIME', data_type: 'TIMESTAMP(NANOSECOND)' },
  { table_name: 'm', column_name: 'host', column_type: 'TAG', data_type: 'STRING' },
  { table_name: 'm', column_name: 'f', column_type: 'FIELD', data_type: 'DOUBLE' },
];
const times = new Uint8Array(20_000_000);
const stats = { rows: 0, repeated: 0, writes: 0, inFlight: 0, mostInFlight: 0, byClient: {} };

/** @param {string} body */
function take(body) {
  for (const [, number] of body.matchAll(/ f=(\d+)/g)) {
    const before = times[Number(number)]++;
    if (before === 0) stats.rows += 1;
    if (before === 1) stats.repeated += 1;
  }
}

/** @param {string} url @param {string} statement */
function answer(url, statement) {
  if (url.startsWith('/stats')) return stats;
  if (url.includes('/ping')) return { version: '2.4.3, revision: rows, build_time: none', status: 'healthy' };
  if (statement.startsWith('DESCRIBE DATABASE')) return [settings];
  return /information_schema\.columns|DESCRIBE TABLE/i.test(statement) ? columns : [];
}

createServer((request, response) => {
  /** @type {Buffer[]} */
  const parts = [];
  request.on('error', () => {});
  request.on('data', (part) => parts.push(part));
  request.on('end', () => void respond());
  const respond = async () => {
    const url = request.url ?? '';
    const body = Buffer.concat(parts);
    if (!url.includes('/write')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer(url, body.toString())));
      return;
    }
    stats.inFlight += 1;
    stats.writes += body.length > 0 ? 1 : 0;
    stats.mostInFlight = Math.max(stats.mostInFlight, stats.inFlight);
    // An empty write asks whether the server is there.
    if (body.length > 0 && delayMs > 0) await wait(delayMs);
    take((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('latin1'));
    stats.inFlight -= 1;
    response.end();
  };
}).listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('ready\n'));
