import { test } from 'vitest';
import { serve } from '../../src/serve/serve.js';
import { expectExamples } from './example-pages.js';

test('every command of the page on operations prints what the page shows', async () => {
  const server = await serve({ host: '127.0.0.1', port: 0, dataDir: null });
  await expectExamples('src/manual/operations.md', { hosts: { 'db1:8902': new URL(server.url).host } });
  await server.close();
});
