// An embedded server that behaves like CnosDB 2.4.3: HTTP writes, SQL, ping and metrics, stored in DuckDB. The server
// is for demos, CI and tests.

import { StateError } from '../core/errors.js';
import { makeDirectory } from '../core/io/files.js';
import { listen, urlOf } from './http/http-server.js';
import { ServerMetrics } from './http/server-metrics.js';
import { defaultLimits, type QueryLimits } from './storage/query-runner.js';
import { openStore } from './storage/store.js';

export interface ServeOptions {
  readonly host: string;
  /** Port; 0 means any free port. */
  readonly port: number;
  /** Folder of the data; an acknowledged write is on disk. Null keeps all data in memory. */
  readonly dataDir: string | null;
  /** Password of the user root. If absent, the server accepts any password. */
  readonly password?: string;
  /** Limits of one SQL statement. */
  readonly limits?: Partial<QueryLimits>;
  /** Receives a line for each refused request. */
  readonly log?: (line: string) => void;
}

export interface RunningServer {
  readonly url: string;
  /**
   * Closes connections, interrupts queries, completes writes and closes the store.
   * Resolves with false if DuckDB still runs a query; the caller must then end the process.
   */
  close(): Promise<boolean>;
}

/**
 * Starts a server; resolves when it accepts requests. Throws UsageError if the optional peer dependency is missing,
 * StateError for an unusable folder, and the system's error (such as EADDRINUSE) for an unusable address.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  if (options.dataDir !== null) await makeFolder(options.dataDir);
  const store = await openStore(options.dataDir, { ...defaultLimits, ...options.limits });
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
        return await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await makeDirectory(folder);
  } catch (cause) {
    throw new StateError(
      {
        tried: `creating the data folder ${folder}`,
        expected: 'a writable place',
        found: cause instanceof Error ? cause.message : String(cause),
        fix: 'name another folder with --data',
      },
      { cause },
    );
  }
}
