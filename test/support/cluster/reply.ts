// The responses of the scripted cluster: CnosDB's error bodies, and connections without a response.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { LineError, type ParsedPoint, parseLines } from './lines.js';
import type { Step } from './script.js';
import { StoreError } from './store.js';

export interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

export const failure = (code: string, message: string): Reply => ({
  status: 422,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error_code: code, error_message: message }),
});

export function refusal(error: unknown): Reply {
  if (error instanceof StoreError) return failure(error.code, error.message);
  if (error instanceof LineError) return failure('040004', `Error parsing message: ${error.message}`);
  throw error;
}

export function parsed(body: Uint8Array): ParsedPoint[] | Reply {
  try {
    return parseLines(body);
  } catch (error) {
    return refusal(error);
  }
}

/** Runs a step. Returns the status of the response; null without a response. */
export function act(
  step: Step,
  request: IncomingMessage,
  response: ServerResponse,
  answer: () => Reply,
): number | null {
  if (step.hang) return null;
  if (step.reset !== undefined) request.socket.resetAndDestroy();
  if (step.close) request.socket.end();
  if (step.reset !== undefined || step.close) return null;
  const said = answer();
  reply(response, said);
  return said.status;
}

export function reply(response: ServerResponse, { status, headers, body = '' }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** Reads the whole body; null when the client closed the connection before its end. */
export async function readAll(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}
