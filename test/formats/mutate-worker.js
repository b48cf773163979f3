// Answers whether a compiled kernel differs from the one that is built; the sources are loaded as the tests load them.

import { parentPort, workerData } from 'node:worker_threads';
import { createServer } from 'vite';

const server = await createServer({
  configFile: false,
  logLevel: 'silent',
  server: { middlewareMode: true, ws: false },
});
const { noticed } = await server.ssrLoadModule(new URL(workerData, import.meta.url).pathname);

async function answer(binary) {
  try {
    return await noticed(binary);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return true; // a trap, or a module that does not compile, is noticed as well
  }
}

parentPort?.on('message', (binary) => {
  void answer(binary).then((isNoticed) => parentPort?.postMessage(isNoticed));
});
