// A scripted CnosDB for tests, in this process, on loopback: several nodes over one store. A script decides about each
// request. The record of writes shows whether one overlapped a write that changes the schema.
//
//   const cluster = await startCluster({ nodes: 2, databases: ['db'], script: { maxBodyBytes: 10_000 } });
//   cluster.setScript({ onWrite: (request) => (request.ordinal === 0 ? { hang: true, applyAfterMs: 5000 } : undefined) });
//   cluster.points('db')      distinct points stored        cluster.violations   writes that overlapped a schema change
//   await cluster.stopNode(1) connections reset, then refused; startNode(1) brings it back on its port

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Clock } from '../../../src/core/types/index.js';
import { realClock } from '../clock.js';
import type { ParsedPoint } from './lines.js';
import { act, failure, parsed, type Reply, readAll, refusal, reply } from './reply.js';
import { Schemas } from './schemas.js';
import type { Cluster, ClusterOptions, Pause, Script, ScriptedRequest, Step } from './script.js';
import { answerSql } from './sql.js';
import { additions, apply, type Database, emptyDatabase } from './store.js';
import { type OpenWrite, WriteLog, type WriteRecord } from './writes.js';

export type { Cluster, ClusterOptions, ScriptedRequest } from './script.js';

const gunzipped = promisify(gunzip);
const noStep: Step = {};

class ScriptedCluster implements Cluster {
  readonly urls: string[] = [];
  readonly databases: Map<string, Database>;
  readonly statements: string[] = [];
  readonly #log: WriteLog;
  readonly #schemas: Schemas;
  readonly #misplaced: string[] = [];
  readonly #servers: Server[] = [];
  readonly #ports: number[] = [];
  readonly #working = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  readonly #options: ClusterOptions;
  readonly #clock: Clock;
  #script: Script;
  #pause: { readonly points: number; readonly reach: () => void; readonly over: Promise<void> } | null = null;
  #writes = 0;
  #others = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#script = options.script ?? {};
    this.#log = new WriteLog(() => this.#clock.monotonic());
    const { nodes = 1, shards = 1, schemaLagMs } = options;
    const later = (update: () => void): void =>
      schemaLagMs === undefined ? update() : void this.#wait(schemaLagMs).then(update);
    this.#schemas = new Schemas({ nodes, shards, later });
    const given = options.databases ?? ['db'];
    const named = Array.isArray(given) ? given.map((name: string) => [name, {}] as const) : Object.entries(given);
    this.databases = new Map(named.map(([name, settings]) => [name, emptyDatabase(settings)]));
  }

  get writes(): readonly WriteRecord[] {
    return this.#log.records;
  }

  get violations(): readonly string[] {
    return this.#log.violations;
  }

  get misplaced(): readonly string[] {
    return this.#misplaced;
  }

  points(db = 'db'): number {
    return this.databases.get(db)?.rows.size ?? 0;
  }

  tables(db = 'db'): Map<string, Map<string, string>> {
    return this.databases.get(db)?.tables ?? new Map();
  }

  setScript(script: Script): void {
    this.#script = script;
  }

  pauseAt(points: number): Pause {
    let [reach, goOn] = [(): void => {}, (): void => {}];
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const over = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    this.#stopped.signal.addEventListener('abort', goOn);
    this.#pause = { points, reach, over };
    return {
      reached,
      goOn: () => {
        this.#pause = null;
        goOn();
      },
    };
  }

  async startNode(node: number): Promise<void> {
    const server = createServer((request, response) => {
      request.on('error', () => {}); // resets are part of the script, from either side
      response.on('error', () => {});
      const work = this.#serve(node, request, response).catch(
        (error: unknown) => void response.destroy(error as Error),
      );
      this.#working.add(work);
      void work.finally(() => this.#working.delete(work));
    });
    server.on('checkContinue', (_request, response: ServerResponse) => response.writeContinue());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.#ports[node] ?? 0, '127.0.0.1', resolve);
    });
    this.#servers[node] = server;
    this.#ports[node] = (server.address() as AddressInfo).port;
    this.urls[node] = `http://127.0.0.1:${this.#ports[node]}`;
  }

  async stopNode(node: number): Promise<void> {
    const server = this.#servers[node];
    if (!server?.listening) return;
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#servers.map((_, node) => this.stopNode(node)));
    await Promise.all(this.#working);
  }

  async #serve(node: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const isWrite = request.method === 'POST' && path.startsWith('/api/v1/write');
    const early = this.#script.onHeaders?.(node, path) ?? noStep;
    if (early.reset === 'before-body') return void request.socket.resetAndDestroy();
    if (early.answer !== undefined) return reply(response, early.answer);
    const open = isWrite && Number(request.headers['content-length'] ?? 0) > 0 ? this.#log.begin(node) : null;
    try {
      const wire = await readAll(request);
      if (wire === null) return;
      if (wire.length > (this.#script.maxBodyBytes ?? Number.POSITIVE_INFINITY))
        return reply(response, { status: 413 });
      if (open !== null) await this.#write(node, request, response, wire, open);
      else await this.#other(node, request, response, wire, isWrite);
    } finally {
      open?.end();
    }
  }

  async #write(
    node: number,
    request: IncomingMessage,
    response: ServerResponse,
    wire: Buffer,
    open: OpenWrite,
  ): Promise<void> {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    const body = request.headers['content-encoding'] === 'gzip' ? await gunzipped(wire) : wire;
    const database = this.databases.get(query.get('db') ?? 'public');
    const read = parsed(body);
    const points = Array.isArray(read) ? read : [];
    const adds = database === undefined ? [] : additions(database, points);
    const record = open.read({ points: points.length, bytes: wire.length, adds });
    const asked = { node, path: request.url ?? '/', headers: request.headers, body, points, adds };
    const step =
      this.#script.onWrite?.({ ...asked, ordinal: this.#writes++, kind: 'write', inFlight: record.inFlight }) ?? noStep;
    const truth = (): Reply => {
      const denied = this.#denied(request, query);
      if (denied !== null) return denied;
      if (!Array.isArray(read)) return read;
      return this.#store(query.get('db') ?? 'public', points, query.get('precision')?.toLowerCase() ?? 'ns');
    };
    const late = step.applyAfterMs === undefined ? null : this.#wait(step.applyAfterMs).then(truth);
    await this.#wait((step.delayMs ?? 0) + (this.#script.latencyMs?.(record.inFlight) ?? 0));
    if (this.#pause !== null && this.points() >= this.#pause.points) {
      this.#pause.reach();
      await this.#pause.over;
    }
    const plain = step.reset === undefined && !step.close && !step.hang && step.answer === undefined;
    const said = plain ? truth : () => step.answer ?? { status: 200 };
    record.status = act(step, request, response, said);
    await late;
    if (step.hang && late === null) await this.#gone(request);
  }

  async #other(
    node: number,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    isWrite: boolean,
  ): Promise<void> {
    const path = request.url ?? '/';
    const kind = isWrite
      ? 'empty-write'
      : path.startsWith('/api/v1/sql')
        ? 'sql'
        : path.startsWith('/api/v1/ping')
          ? 'ping'
          : 'other';
    const ordinal = this.#others++;
    const asked = {
      node,
      ordinal,
      kind,
      path,
      headers: request.headers,
      body,
      points: [],
      adds: [],
      inFlight: 0,
    } as const;
    const step = this.#script.onOther?.(asked) ?? noStep;
    await this.#wait(step.delayMs ?? 0);
    act(step, request, response, () => step.answer ?? this.#answer(request, asked));
    if (step.hang) await this.#gone(request);
  }

  #answer(request: IncomingMessage, asked: ScriptedRequest): Reply {
    const query = new URL(asked.path, 'http://localhost').searchParams;
    const json = { 'content-type': 'application/json' };
    if (asked.kind === 'other') return { status: 404 };
    const version = `${this.#options.version ?? '2.4.3'}, revision: c760943, build_time: 2026-01-01T00:00:00Z`;
    if (asked.kind === 'ping')
      return { status: 200, headers: json, body: JSON.stringify({ version, status: 'healthy' }) };
    const denied = this.#denied(request, query, asked.kind === 'sql');
    if (denied !== null || asked.kind === 'empty-write') return denied ?? { status: 200 };
    const statement = Buffer.from(asked.body).toString('utf8');
    this.statements.push(statement);
    try {
      const { node } = asked;
      const shows = (table: string, column?: string): boolean => this.#schemas.shows(node, table, column);
      const rows = answerSql(this.databases, query.get('db') ?? 'public', statement, shows);
      return { status: 200, headers: json, body: rows.length === 0 ? '' : JSON.stringify(rows) };
    } catch (error) {
      return refusal(error);
    }
  }

  #denied(request: IncomingMessage, query: URLSearchParams, databaseMayMiss = false): Reply | null {
    const sent = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (sent === undefined) return { ...failure('000000', 'Missing request header "authorization"'), status: 400 };
    const who = Buffer.from(sent, 'base64').toString('utf8');
    const words = 'username or password invalid';
    if (who !== (this.#options.credentials ?? who))
      return failure('010016', `Auth error: Access denied for user '${who.split(':')[0]}' (using password) ${words}`);
    const tenant = query.get('tenant') ?? 'cnosdb';
    if (tenant !== 'cnosdb') return failure('010016', `Auth error: The tenant ${tenant} not found`);
    const db = query.get('db') ?? 'public';
    return databaseMayMiss || this.databases.has(db) ? null : failure('030017', `Database not found: "${db}"`);
  }

  #store(db: string, points: readonly ParsedPoint[], precision: string): Reply {
    const refused = points.map((point) => this.#script.refusePoint?.(point)).find((each) => each !== undefined);
    if (refused !== undefined) return failure(refused.code, refused.message);
    try {
      apply(this.databases.get(db) ?? emptyDatabase(), points, precision);
      this.#misplaced.push(...this.#schemas.write(points));
      return { status: 200 };
    } catch (error) {
      return refusal(error);
    }
  }

  #wait(ms: number): Promise<void> {
    return ms > 0 ? this.#clock.sleep(ms, this.#stopped.signal).catch(() => {}) : Promise.resolve();
  }

  /** Resolves when the client disconnects or the cluster stops. */
  #gone(request: IncomingMessage): Promise<void> {
    if (request.socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => void request.socket.once('close', () => resolve()));
  }
}

/** Listens on loopback, on ports that the system picks. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = new ScriptedCluster(options);
  for (let node = 0; node < (options.nodes ?? 1); node++) await cluster.startNode(node);
  return cluster;
}
