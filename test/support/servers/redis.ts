// A Redis server of the test's own: on a free port of loopback, with its data in a folder that ends with it.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../until.js';
import { freePort, installed } from './servers.js';

/** False on a machine without redis-server. */
export const hasRedis = installed('redis-server');

export interface RedisServer {
  readonly port: number;
  /** Folder of its data. */
  readonly folder: string;
  readonly url: string;
  /** Runs redis-cli and returns its output. */
  cli(...args: string[]): Promise<string>;
  /** Sends a signal to the server; SIGKILL loses what the append-only file lacks. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts the killed server again. */
  start(): Promise<void>;
  end(): Promise<void>;
}

/**
 * @param options of redis-server, such as `--appendonly yes`, with `{port}` for its port; by default it forgets everything when
 *   it ends
 * @param cliOptions what redis-cli needs to sign in
 */
export async function startRedis(
  options: readonly string[] = [],
  cliOptions: readonly string[] = [],
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bulk-load-redis-'));
  const port = await freePort();
  const common = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  let child: ChildProcess | null = null;
  const cli = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(port), ...cliOptions, ...args], {
      maxBuffer: 2 ** 26,
    });
    return stdout.trimEnd();
  };
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    if (running === null) return;
    running.kill(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    child = null;
    if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
  };
  const start = async (): Promise<void> => {
    const own = options.map((word) => word.replace('{port}', String(port)));
    child = spawn('redis-server', [...common, ...own], { stdio: 'ignore' });
    await until(() => answers(port));
  };
  await start();
  return {
    ...{ port, folder, url: `redis://127.0.0.1:${port}`, cli, kill, start },
    end: async () => {
      await kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** True once the server answers a command or, over TLS alone, closes the connection. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (isReady: boolean): void => {
      resolve(isReady);
      socket.destroy();
    };
    socket.once('data', (answer) => end(!answer.includes('LOADING')));
    socket
      .once('end', () => end(true))
      .once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNRESET'));
  });
}
