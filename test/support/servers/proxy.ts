// A TCP proxy on loopback between the loader and a cluster. It injects network faults into chosen writes with points, and
// passes everything else through.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A fault. Bytes count from the start of the request (`up`) or of its response (`down`). */
export interface Fault {
  /** Ends the connection after `after` bytes in that direction. */
  readonly cut?: { readonly side: 'up' | 'down'; readonly after: number; readonly how: 'close' | 'reset' };
  /** Silently stops passing bytes on after `after` bytes. */
  readonly stall?: { readonly side: 'up' | 'down'; readonly after: number };
  /** Passes `bytes` at a time, every `everyMs`. */
  readonly trickle?: { readonly side: 'up' | 'down'; readonly bytes: number; readonly everyMs: number };
  /** Passes bytes on `ms` late. */
  readonly delay?: { readonly side: 'up' | 'down'; readonly ms: number };
  /** Sends this text in place of the response. `forever`: and then endless bytes. */
  readonly say?: string;
  readonly forever?: boolean;
  /** With `say`: the cluster still gets the request. */
  readonly passOn?: boolean;
  /** Sends this text before the response. */
  readonly sayFirst?: string;
}

export interface Proxy {
  readonly url: string;
  /** Number of writes with points so far. */
  readonly writes: number;
  /** Sets the fault of each write, by its number from 0. */
  set(faults: (write: number) => Fault | undefined): void;
  /** Accepts connections and bytes but passes nothing on, like a stopped node. */
  freeze(): void;
  stop(): Promise<void>;
}

/** One proxied connection. The loader sends one request at a time. */
class ProxiedConnection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #faultOf: (isWrite: boolean) => Fault | undefined;
  #fault: Fault = {};
  #left = 0;
  readonly #passed = { up: 0, down: 0 };
  #turns = { up: Promise.resolve(), down: Promise.resolve() };

  constructor(client: Socket, server: Socket, faultOf: (isWrite: boolean) => Fault | undefined) {
    this.#client = client;
    this.#server = server;
    this.#faultOf = faultOf;
  }

  up(chunk: Buffer): void {
    if (this.#left === 0) this.#begin(chunk);
    this.#left -= chunk.length;
    const { say, passOn } = this.#fault;
    if (say === undefined || passOn) this.#pass('up', chunk);
    if (say !== undefined && this.#left <= 0) this.#say(say);
  }

  down(chunk: Buffer): void {
    if (this.#fault.say !== undefined) return;
    const first = this.#passed.down === 0 ? this.#fault.sayFirst : undefined;
    this.#pass('down', first === undefined ? chunk : Buffer.concat([Buffer.from(first), chunk]));
  }

  #begin(chunk: Buffer): void {
    const headEnd = chunk.indexOf('\r\n\r\n') + 4;
    const head = chunk.subarray(0, headEnd).toString('latin1');
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    this.#left = headEnd + length;
    this.#passed.up = 0;
    this.#passed.down = 0;
    this.#fault = this.#faultOf(length > 0 && head.startsWith('POST /api/v1/write')) ?? {};
  }

  #say(text: string): void {
    this.#client.write(text, 'latin1');
    if (this.#fault.forever) this.#client.on('drain', () => this.#client.write('x'.repeat(65_536)));
    if (this.#fault.forever) this.#client.write('x'.repeat(1 << 20));
  }

  #pass(side: 'up' | 'down', chunk: Buffer): void {
    const to = side === 'up' ? this.#server : this.#client;
    const { cut, stall, trickle, delay } = this.#fault;
    const limit = cut?.side === side ? cut.after : stall?.side === side ? stall.after : Number.POSITIVE_INFINITY;
    const part = chunk.subarray(0, Math.max(0, limit - this.#passed[side]));
    this.#passed[side] += chunk.length;
    const over = this.#passed[side] >= limit ? cut : undefined;
    this.#turns[side] = this.#turns[side].then(async () => {
      if (delay?.side === side) await wait(delay.ms);
      if (trickle?.side === side) await drip(to, part, trickle.bytes, trickle.everyMs);
      else if (part.length > 0) to.write(part);
      if (over !== undefined) this.#end(over.how);
    });
  }

  #end(how: 'close' | 'reset'): void {
    if (how === 'reset') {
      this.#client.resetAndDestroy();
      this.#server.resetAndDestroy();
    } else {
      this.#client.end();
      this.#server.end();
    }
  }
}

async function drip(to: Socket, bytes: Buffer, piece: number, everyMs: number): Promise<void> {
  for (let at = 0; at < bytes.length && !to.destroyed; at += piece) {
    to.write(bytes.subarray(at, at + piece));
    await wait(everyMs);
  }
}

/** Starts a proxy on a free port. */
export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let faults: (write: number) => Fault | undefined = () => undefined;
  let writes = 0;
  let frozen = false;
  const faultOf = (isWrite: boolean): Fault | undefined => (isWrite ? faults(writes++) : undefined);
  const server: Server = createServer((client) => {
    const onward = connect(Number(port), hostname).setNoDelay(true);
    const passage = new ProxiedConnection(client.setNoDelay(true), onward, faultOf);
    client.on('data', (chunk) => frozen || passage.up(chunk)).on('close', () => onward.destroy());
    onward.on('data', (chunk) => frozen || passage.down(chunk)).on('close', () => client.end());
    for (const socket of [client, onward]) sockets.add(socket.on('error', () => {}));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get writes() {
      return writes;
    },
    set: (next) => {
      faults = next;
    },
    freeze: () => {
      frozen = true;
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
