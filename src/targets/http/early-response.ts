// "100 Continue" that nobody asked for. A client has to put up with it (RFC 9110, 15.2), and some proxies send it; undici
// closes the connection instead, after which points would be looked for that kill it. So it is taken out before undici reads.

import type { Socket } from 'node:net';

const interim = Buffer.from('HTTP/1.1 100');
const headEnd = '\r\n\r\n';
/** Longer ones are left to undici. */
const longestHead = 4096;

/** Bytes of an interim answer that `bytes` begin with; null when the end of it, or of what may be one, is not there yet. */
export function interimLength(bytes: Buffer): number | null {
  const known = Math.min(bytes.length, interim.length);
  if (bytes.compare(interim, 0, known, 0, known) !== 0) return 0;
  const end = bytes.indexOf(headEnd);
  if (end >= 0) return end + headEnd.length;
  return bytes.length < longestHead ? null : 0;
}

/** Makes a socket hide interim answers from its reader. Looks only at what follows a write, never into an answer. */
export function hideInterim(socket: Socket): Socket {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let awaiting = true;
  let held: Buffer | null = null;
  socket.write = (...args: unknown[]): boolean => {
    awaiting = true;
    return write(...args);
  };
  socket.read = (size?: number): unknown => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || !awaiting) return chunk;
    let bytes: Buffer = held === null ? chunk : Buffer.concat([held, chunk]);
    held = null;
    for (let length = interimLength(bytes); length !== 0; length = interimLength(bytes)) {
      if (length === null || length === bytes.length) {
        held = length === null ? bytes : null;
        return socket.read(size);
      }
      bytes = bytes.subarray(length);
    }
    awaiting = false;
    return bytes;
  };
  return socket;
}
