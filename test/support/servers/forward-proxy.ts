import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface ForwardProxy {
  readonly url: string;
  /** `POST http://host:port/path` or `CONNECT host:port`, in the order of arrival. */
  readonly seen: readonly string[];
  stop(): Promise<void>;
}

/** Starts an HTTP proxy on loopback that forwards http requests and tunnels https. @param credentials `user:password` */
export async function startForwardProxy(credentials: string | null = null): Promise<ForwardProxy> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const expected = credentials === null ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
  const isDenied = ({ headers }: IncomingMessage): boolean => headers['proxy-authorization'] !== expected;
  const forward = (incoming: IncomingMessage, response: ServerResponse): void => {
    seen.push(`${incoming.method} ${incoming.url}`);
    if (isDenied(incoming)) return void response.writeHead(407).end();
    const { method, headers } = incoming;
    const onward = request(incoming.url!, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end('<html>Bad Gateway</html>'));
    incoming.pipe(onward);
  };
  const server = createServer(forward);
  server.on('connect', (incoming: IncomingMessage, client: Socket) => {
    seen.push(`CONNECT ${incoming.url}`);
    if (isDenied(incoming)) return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const [host, port] = incoming.url!.split(':');
    const onward = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    for (const socket of [client, onward]) sockets.add(socket.on('error', () => socket.destroy()));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
