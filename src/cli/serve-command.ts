// `bulk-load serve`: runs the embedded server until a signal stops it.

import { rm, writeFile } from 'node:fs/promises';
import { kill, pid } from 'node:process';
import { type Address, parseAddress } from '../config/kinds/address.js';
import { errorCode, UsageError } from '../core/errors.js';
import { serve } from '../serve/serve.js';
import type { Process } from './process.js';
import { onSignals } from './signals.js';

/** Returns exit code 0 when a signal ends the server, or the exit code of a seed load that failed. */
export async function runServe(options: Readonly<Record<string, unknown>>, process: Process): Promise<number> {
  const { host, port } = listenAddress(String(options.listen));
  const { data, readyFile } = options;
  if (typeof readyFile === 'string') await rm(readyFile, { force: true });
  const interruption = onSignals(process, () => {});
  const server = await serve({ host, port, dataDir: typeof data === 'string' ? data : null }).catch((error) => {
    throw listenError(error, host, port);
  });
  let code = 0;
  try {
    if (Array.isArray(options.seed)) {
      const { runLoad } = await import('./load-command.js');
      const flags = { url: [server.url], db: String(options.db), createDb: true, checkpoint: false, progress: 'none' };
      code = await runLoad(options.seed.map(String), flags, process);
    }
    if (code === 0) {
      const storage = typeof data === 'string' ? `data in ${data}` : 'in memory';
      process.stderr.write(`serving at ${server.url}, ${storage}\n`);
      if (!isLoopback(new URL(server.url).hostname))
        process.stderr.write(
          'warning: serve accepts any password, and other machines can reach this address; with --listen 127.0.0.1:8902, only this machine can reach the server\n',
        );
      if (typeof readyFile === 'string') await writeFile(readyFile, `${server.url}\n`);
      await aborted(interruption.stop);
    }
    return code;
  } finally {
    interruption.end();
    // A normal exit would wait for a query that DuckDB cannot interrupt. SIGTERM ends the process at once, because by
    // then the handler of SIGTERM is removed.
    if (!(await server.close())) kill(pid, 'SIGTERM');
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function listenAddress(listen: string): Address {
  const found = parseAddress(listen);
  if (found !== null) return found;
  const expected = 'HOST:PORT, such as 127.0.0.1:8902 or :0';
  throw new UsageError([{ tried: '--listen', expected, found: JSON.stringify(listen), fix: '' }]);
}

function listenError(error: unknown, host: string, port: number): unknown {
  const code = errorCode(error);
  if (!['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes(code)) return error;
  const expected = 'a free address of this machine';
  const fix = 'name another address with --listen, or :0 for any free port';
  return new UsageError([{ tried: `listening on ${host}:${port}`, expected, found: code, fix }]);
}
