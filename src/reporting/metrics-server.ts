// `--metrics-listen`: the numbers of a run over HTTP, for as long as it goes on.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UsageError } from '../core/errors.js';
import type { RunMetrics } from './metrics.js';

export interface Listening {
  /** Of the page with the numbers. */
  readonly url: string;
  close(): Promise<void>;
}

/** Answers GET /metrics. Does not keep the process alive. Throws UsageError when the address is not to be had. */
export async function listen(metrics: RunMetrics, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer((request, response) => {
    request.resume();
    const isPage = request.url?.split('?', 1)[0] === '/metrics';
    if (!isPage || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(isPage ? 405 : 404, { 'content-type': 'text/plain' }).end('GET /metrics\n');
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.unref();
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const problem = `listening for metrics on ${host}:${port} — expected the address to be free and ours — got ${got} — name another with --metrics-listen, or :0 for any`;
    throw new UsageError([problem], { cause: error });
  }
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
