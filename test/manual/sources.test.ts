import { gzipSync } from 'node:zlib';
import { test } from 'vitest';
import { serve } from '../../src/serve/serve.js';
import { startFiles } from '../support/servers/files.js';
import { startS3 } from '../support/servers/s3.js';
import { expectExamples } from './example-pages.js';

test('every command of the page on sources prints what the page shows', async () => {
  const points = 'cpu,host=c usage=1 1640995200000000000\ncpu,host=d usage=2 1640995200000000000\n';
  const [server, web, s3] = await Promise.all([
    serve({ host: '127.0.0.1', port: 0, dataDir: null }),
    startFiles({ '/readings.lp.gz': gzipSync(points) }),
    startS3(),
  ]);
  s3.put('2022/01.csv.gz', gzipSync('time,host,fuel\n2022-01-01T00:00:00Z,a,0.5\n'));
  s3.put('2022/02.csv.gz', gzipSync('time,host,fuel\n2022-02-01T00:00:00Z,a,0.4\n'));
  await expectExamples('src/manual/sources.md', {
    hosts: { 'db1:8902': new URL(server.url).host, 'https://files.example.com': web.url },
    env: s3.env,
  });
  await Promise.all([server.close(), web.stop(), s3.stop()]);
});
