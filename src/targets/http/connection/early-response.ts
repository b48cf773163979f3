// Removes "100 Continue" responses that were not requested. A client must ignore them (RFC 9110, 15.2), and some proxies
// send them. undici closes the connection instead, and the loader would search the batch for points that kill it.

import type { Socket } from 'node:net';

const interim = Buffer.from('HTTP/1.1 100');
const headEnd = '\r\n\r\n';
/** undici sees longer heads unchanged. */
const maxHeadBytes = 4096;

/** Length of the interim response at the start of `bytes`; null when more bytes must decide. */
export function interimLength(bytes: Buffer): number | null {
  const known = Math.min(bytes.length, interim.length);
  if (bytes.compare(interim, 0, known, 0, known) !== 0) return 0;
  const end = bytes.indexOf(headEnd);
  if (end >= 0) return end + headEnd.length;
  return bytes.length < maxHeadBytes ? null : 0;
}

/** Makes a socket hide interim responses from its reader. It inspects only the bytes that follow a write. */
export function hideInterim<T extends Socket>(socket: T): T {
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
