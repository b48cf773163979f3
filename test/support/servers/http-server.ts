import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Reply, readAll, reply } from '../cluster/reply.js';

/** One received request, with its body as text. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface HttpServer {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  stop(): Promise<void>;
}

/** Starts an HTTP server on loopback that gives scripted answers. */
export async function startHttpServer(answer: (request: ReceivedRequest) => Reply): Promise<HttpServer> {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const received = { method, url, headers, body: body?.toString() ?? '' };
      requests.push(received);
      reply(response, answer(received));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
