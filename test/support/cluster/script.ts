// What a test can ask of the scripted cluster, and what it can see of it.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../src/core/types/index.js';
import type { ParsedPoint } from './lines.js';
import type { Database } from './store.js';
import type { WriteRecord } from './writes.js';

/** What happens to one request. Nothing given: it is served as CnosDB would. */
export interface Step {
  /** Waits before it answers (and before it applies). */
  readonly delayMs?: number;
  /** Said instead of the true answer; nothing is applied unless `applyAfterMs` says so. */
  readonly answer?: { readonly status: number; readonly body?: string; readonly headers?: Record<string, string> };
  /** The connection is reset before the body is read, or after it. */
  readonly reset?: 'before-body' | 'after-body';
  /** Reads all, then closes without an answer, as CnosDB does when it panics. */
  readonly close?: boolean;
  /** Never answers. */
  readonly hang?: boolean;
  /** Points are applied so many ms after the body was read, whatever the client was told, or whether it still is there. */
  readonly applyAfterMs?: number;
}

export interface ScriptedRequest {
  readonly node: number;
  /** 0 for the first write that carries points, and so on; empty writes and SQL count on their own. */
  readonly ordinal: number;
  readonly kind: 'write' | 'empty-write' | 'sql' | 'ping' | 'other';
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Decompressed. Empty while `reset: 'before-body'` may still be decided (`onHeaders`). */
  readonly body: Uint8Array;
  readonly points: readonly ParsedPoint[];
  /** Tables and columns it would add. */
  readonly adds: readonly string[];
  /** Requests with points being worked on, this one included. */
  readonly inFlight: number;
}

export interface Script {
  /** Bodies over it (on the wire) are answered 413. */
  readonly maxBodyBytes?: number;
  /** Time that a write with points takes, given how many are worked on. */
  readonly latencyMs?: (inFlight: number) => number;
  /** A body that holds such a point is refused with this code and message. */
  readonly refusePoint?: (point: ParsedPoint) => { code: string; message: string } | undefined;
  /** Decided before the body is read. */
  readonly onHeaders?: (node: number, path: string) => Step | undefined;
  /** Decided once the body is there, for a write with points. */
  readonly onWrite?: (request: ScriptedRequest) => Step | undefined;
  /** The same for everything else. */
  readonly onOther?: (request: ScriptedRequest) => Step | undefined;
}
export interface ClusterOptions {
  readonly nodes?: number;
  /** Databases there from the start; default one called `db`. */
  readonly databases?: readonly string[] | Record<string, Database['settings']>;
  /** user:password that is let in; default: anyone. */
  readonly credentials?: string;
  readonly version?: string;
  /** Vnodes of the databases; default 1. */
  readonly shards?: number;
  /** Time until the nodes' copies of the schema follow a write, ms; default: they are one. */
  readonly schemaLagMs?: number;
  readonly script?: Script;
  readonly clock?: Clock;
}

export interface Pause {
  /** Resolves with the first write that is kept waiting. */
  readonly reached: Promise<void>;
  goOn(): void;
}

export interface Cluster {
  readonly urls: readonly string[];
  readonly databases: Map<string, Database>;
  /** Distinct points stored. */
  points(db?: string): number;
  tables(db?: string): Map<string, Map<string, string>>;
  readonly writes: readonly WriteRecord[];
  /** SQL statements in the order they came. */
  readonly statements: readonly string[];
  /** One sentence for each write that overlapped a schema-changing one. Empty is how it has to be. */
  readonly violations: readonly string[];
  /** One sentence for each column of a request whose values are stored under another column. Empty is how it has to be. */
  readonly misplaced: readonly string[];
  setScript(script: Script): void;
  /** Once so many points are stored, writes are neither taken nor answered until it goes on. */
  pauseAt(points: number): Pause;
  stopNode(node: number): Promise<void>;
  startNode(node: number): Promise<void>;
  /** Resolves once late applications are done as well, unless they hang for ever. */
  stop(): Promise<void>;
}
