// Changes the bytes and errors that undici receives from a socket.

import type { Socket } from 'node:net';
import { ownCodes } from '../../../core/network/network-errors.js';

const interim = Buffer.from('HTTP/1.1 100');
const headEnd = '\r\n\r\n';
/** Longest "100 Continue" response that is hidden, bytes. A longer response reaches undici. */
const maxHeadBytes = 4096;

/**
 * Returns the length of the "100 Continue" response at the start of `bytes`; 0 if `bytes` begin differently, null if
 * more bytes are needed.
 */
export function interimLength(bytes: Buffer): number | null {
  const known = Math.min(bytes.length, interim.length);
  if (bytes.compare(interim, 0, known, 0, known) !== 0) return 0;
  const end = bytes.indexOf(headEnd);
  if (end >= 0) return end + headEnd.length;
  return bytes.length < maxHeadBytes ? null : 0;
}

/** Calls `report` with the first bytes that a reader takes from the socket. */
export function onFirstBytes(socket: Socket, report: (bytes: Buffer) => void): void {
  const read = socket.read.bind(socket);
  let reported = false;
  socket.read = (size?: number): unknown => {
    const chunk = read(size) as Buffer | null;
    if (chunk !== null && !reported) report(chunk);
    reported ||= chunk !== null;
    return chunk;
  };
}

/**
 * Turns a reset of the connection into a failure of the response. If a reset ends a response without a length, undici
 * accepts the response as complete. So half of an error message could pass as an acknowledgement. undici recognises a
 * reset by the code of the error, so this function changes the code.
 */
export function failOnReset(socket: Socket): Socket {
  return socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') error.code = ownCodes.resetInResponse;
  });
}

/**
 * Hides "100 Continue" responses that were not requested. Some proxies send them, and a client must ignore them (RFC
 * 9110, 15.2). But undici would close the connection, and the loader would blame a point of the batch. Inspects only
 * the first bytes that arrive after each write to the socket.
 */
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
