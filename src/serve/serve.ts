// An embedded server that behaves like CnosDB 2.4.3 towards a loader and its user: HTTP write, SQL, ping, metrics,
// stored in DuckDB. For trying the loader out, for CI and for tests.

import { mkdir } from 'node:fs/promises';
import { StateError } from '../core/errors.js';
import { listen, urlOf } from './http/http-server.js';
import { ServerMetrics } from './http/server-metrics.js';
import { openStore } from './storage/store.js';

export interface ServeOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Null: in memory. A folder: what was acknowledged is on disk. */
  readonly dataDir: string | null;
  /** The user is root. Without a password any is right. */
  readonly password?: string;
  /** Gets a line for each request that was refused. */
  readonly log?: (line: string) => void;
}

export interface RunningServer {
  readonly url: string;
  /** Ends connections, finishes what is being stored, closes the store. */
  close(): Promise<void>;
}

/**
 * Starts a server; resolves when it answers. Throws UsageError without the optional peer dependency, StateError when
 * the folder cannot be used, the system's own error (EADDRINUSE, …) when the address cannot be had.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  if (options.dataDir !== null) await makeFolder(options.dataDir);
  const store = await openStore(options.dataDir);
  const service = {
    store,
    metrics: new ServerMetrics(`${options.host}:${options.port}`),
    password: options.password ?? null,
  };
  try {
    const server = await listen(service, options.host, options.port, options.log ?? (() => undefined));
    return {
      url: urlOf(server),
      async close() {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new StateError(`creating the data folder ${folder} failed; expected a place to write to: ${String(cause)}`, {
      cause,
    });
  }
}
