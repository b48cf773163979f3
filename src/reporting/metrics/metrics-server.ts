// `--metrics-listen`: serves the metrics of a run over HTTP during the run.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UsageError } from '../../core/errors.js';
import type { RunMetrics } from './metrics.js';

export interface MetricsServer {
  /** URL of the metrics. */
  readonly url: string;
  close(): Promise<void>;
}

/** Answers GET /metrics. Does not keep the process alive. Throws UsageError if the address is not available. */
export async function serveMetrics(
  metrics: RunMetrics,
  { host, port }: { host: string; port: number },
): Promise<MetricsServer> {
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
    const problem = {
      tried: `listening for metrics on ${host}:${port}`,
      expected: 'a free address of this machine',
      found: error instanceof Error ? error.message : String(error),
      fix: 'use another address with --metrics-listen, or port 0 for any free port',
    };
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
