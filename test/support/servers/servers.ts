// Starts a real InfluxDB 1 or VictoriaMetrics where it is installed (Debian: influxdb, victoria-metrics), in a temporary
// folder on a free port. Without it, tests are skipped with a message.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, watch } from '../programs/process.js';

export interface Server {
  readonly url: string;
  /** Folder of its data. */
  readonly folder: string;
  /** Sends SIGKILL or the named signal, and resolves when the server has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Ends it and deletes its data. */
  end(): Promise<void>;
}

export function installed(program: string): boolean {
  const there = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  if (!there) process.stderr.write(`NOT TESTED: ${program} is not installed\n`);
  return there;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function server(
  program: string,
  ready: RegExp,
  argsOf: (folder: string, port: number) => Promise<string[]>,
): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-test-'));
  const port = await freePort();
  const args = await argsOf(folder, port);
  let running: Running | null = null;
  const start = async (): Promise<void> => {
    running = watch(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    await running.saw(ready);
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    running?.kill(signal);
    await running?.ended;
    running = null;
  };
  const end = async (): Promise<void> => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  await start();
  return { url: `http://127.0.0.1:${port}`, folder, kill, start, end };
}

/** Starts InfluxDB 1 with TOML options for the sections [http] and [data]. */
export async function influxd(options: { readonly http?: string; readonly data?: string } = {}): Promise<Server> {
  const rpc = await freePort();
  return await server('influxd', /Listening for signals/, async (folder, port) => {
    const path = join(folder, 'influxdb.conf');
    const config = [
      'reporting-disabled = true',
      `bind-address = "127.0.0.1:${rpc}"`,
      `[meta]\ndir = "${folder}/meta"`,
      `[data]\ndir = "${folder}/data"\nwal-dir = "${folder}/wal"\n${options.data ?? ''}`,
      '[monitor]\nstore-enabled = false',
      `[http]\nbind-address = "127.0.0.1:${port}"\nlog-enabled = false\n${options.http ?? ''}`,
      '[subscriber]\nenabled = false',
      '',
    ];
    await writeFile(path, config.join('\n'));
    return ['-config', path];
  });
}

export async function victoriaMetrics(flags: readonly string[] = ['-retentionPeriod=100y']): Promise<Server> {
  return await server('victoria-metrics', /started VictoriaMetrics/, async (folder, port) => [
    `-storageDataPath=${folder}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    ...flags,
  ]);
}

/** Runs an InfluxQL query and returns CSV with exact numbers. */
export async function influxql(url: string, db: string, q: string, user?: string): Promise<string> {
  const headers = {
    accept: 'application/csv',
    ...(user ? { authorization: `Basic ${Buffer.from(user).toString('base64')}` } : {}),
  };
  const answer = await fetch(`${url}/query`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ db, q, epoch: 'ns' }),
  });
  return await answer.text();
}
