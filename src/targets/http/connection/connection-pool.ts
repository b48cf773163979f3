// The connections of one endpoint, which node:http keeps open between requests.

import type { Agent, ClientRequest } from 'node:http';
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { codedError, ownCodes } from '../../../core/network/network-errors.js';
import { bareHost } from '../../../core/network/proxy-url.js';
import type { Clock } from '../../../core/types/index.js';
import type { HttpRequest } from '../types.js';

export const connectTimeoutMs = 5_000;
/** Closes an idle connection before most servers do. A request on a closed connection must be sent again. */
const idleMs = 4_000;
const keepAliveMs = 60_000;

export type Connected = (...result: [error: Error] | [error: null, socket: Socket]) => void;

/** Opens a connection and calls `done` once it can carry a request. Returns the socket if it exists already. */
export type Connect = (done: Connected) => Socket | null;

export class ConnectionPool {
  readonly #host: string;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();
  #closed = false;

  /** @param host value of the Host header */
  constructor(host: string, connections: number, connect: Connect) {
    this.#host = host;
    const agent = new (http().Agent)({ keepAlive: true, maxSockets: connections, timeout: idleMs });
    // With a callback, a request gets its socket once the socket is connected.
    this.#agent = Object.assign(agent, {
      createConnection: (_: unknown, done: Connected): void => {
        const connecting = connect((...[error, socket]) =>
          error === null ? done(null, this.#own(socket)) : done(error),
        );
        if (connecting !== null) this.#own(connecting);
      },
    });
  }

  /** Creates a request with headers and body. It is sent with `end()`. Throws for a header that HTTP forbids. */
  request({ method, path, headers, body }: HttpRequest): ClientRequest {
    const length = method === 'GET' && body === null ? {} : { 'content-length': body?.length ?? 0 };
    const agent = this.#agent;
    return http().request({ agent, method, path, headers: { host: this.#host, ...headers, ...length } });
  }

  /** Destroys all connections, including requests in flight. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #own(socket: Socket): Socket {
    if (this.#closed) return socket.destroy();
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** Opens a socket to an origin, with TLS for https. `options.socket` is a tunnel to use. */
export function openSocket(
  { protocol, hostname, port }: URL,
  options: ConnectionOptions,
  clock: Clock,
  done: Connected,
): Socket {
  const host = bareHost(hostname);
  const isTls = protocol === 'https:';
  const keepAlive = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  const address = { host, port: Number(port) || (isTls ? 443 : 80), ...keepAlive };
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = isTls
    ? process.getBuiltinModule('node:tls').connect({ ...address, ...name, ALPNProtocols: ['http/1.1'], ...options })
    : tcpConnect(address);
  const cancel = clock.after(connectTimeoutMs, () => socket.destroy(codedError(ownCodes.noConnectionSoon)));
  return socket
    .once('error', done)
    .once('close', cancel)
    .once(isTls ? 'secureConnect' : 'connect', () => {
      cancel();
      socket.off('error', done);
      done(null, socket);
    });
}

/** An import statement would also load what node:http offers to browsers' code, which takes longer than the rest. */
function http(): typeof import('node:http') {
  return process.getBuiltinModule('node:http');
}
