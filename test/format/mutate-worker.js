// Answers whether a compiled kernel differs from the exact check; the sources are loaded as the tests load them.

import { parentPort } from 'node:worker_threads';
import { createServer } from 'vite';

const server = await createServer({
  configFile: false,
  logLevel: 'silent',
  server: { middlewareMode: true, ws: false },
});
const { noticed } = await server.ssrLoadModule(new URL('kernel/oracle.ts', import.meta.url).pathname);

parentPort?.on('message', (binary) => {
  let answer = true; // a trap, or a module that does not compile, is noticed as well
  try {
    answer = noticed(binary);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  parentPort?.postMessage(answer);
});
