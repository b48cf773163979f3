// A server that answers the preflight requests of a load, and treats writes as its script says.

import { createServer } from 'node:http';

/** @typedef {'takes' | 'silent' | 'dripping' | 'resetting' | 'boundless' | 'wide'} Behaviour */

const answers = {
  ping: JSON.stringify({ version: '2.4.3, revision: unkind, build_time: none', status: 'healthy' }),
  database: JSON.stringify([
    {
      ...{ ttl: 'INF', shard: 1, vnode_duration: '1year', replica: 1, precision: 'NS' },
      ...{ max_memcache_size: '128 MiB', strict_write: false },
    },
  ]),
};

/** @param {Behaviour} behaviour */
export async function startServer(behaviour) {
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    let statement = '';
    // An empty write is a probe before the load begins.
    const isWrite = url.includes('/write') && request.headers['content-length'] !== '0';
    request.on('error', () => {});
    request.on('data', (chunk) => (statement += isWrite ? '' : chunk));
    if (isWrite && behaviour === 'resetting') request.socket.resetAndDestroy();
    else
      request.on('end', () =>
        answer(response, url, statement, isWrite || isAboutColumns(statement) ? behaviour : 'takes'),
      );
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** @param {string} statement */
const isAboutColumns = (statement) => /information_schema\.columns/i.test(statement);

/** Blanks without an end. @param {import('node:http').ServerResponse} response */
function boundless(response) {
  const blanks = Buffer.alloc(1 << 20, ' ');
  const more = () => {
    while (!response.destroyed && response.write(blanks));
  };
  response.on('drain', more);
  more();
}

/** The most columns that a load with default memory accepts. */
function wide() {
  return Array.from({ length: 35_000 }, (_, i) => ({
    table_name: `table_${i % 500}`,
    column_name: `a_column_of_some_length_${i}`,
    column_type: 'FIELD',
    data_type: 'DOUBLE',
  }));
}

/**
 * @param {import('node:http').ServerResponse} response @param {string} url @param {string} statement
 * @param {Behaviour} behaviour
 */
function answer(response, url, statement, behaviour) {
  if (behaviour === 'boundless' && statement !== '') return boundless(response);
  if (behaviour === 'wide' && statement !== '') return void response.end(JSON.stringify(wide()));
  if (behaviour === 'silent') return;
  if (behaviour === 'dripping') {
    const drip = setInterval(() => response.write(' '), 1000);
    response.on('close', () => clearInterval(drip));
    return;
  }
  const isPing = url.includes('/ping');
  const text = isPing ? answers.ping : statement.startsWith('DESCRIBE DATABASE') ? answers.database : '';
  response.writeHead(200, text === '' ? {} : { 'content-type': 'application/json' });
  response.end(text);
}
