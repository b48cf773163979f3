// `bulk-load serve`: the embedded server until a signal ends it.

import { rm, writeFile } from 'node:fs/promises';
import { type Address, parseAddress } from '../config/kinds/address.js';
import { UsageError } from '../core/errors.js';
import { serve } from '../serve/serve.js';
import type { Process } from './process.js';
import { onSignals } from './signals.js';

/** Returns the exit code: 0 when a signal ended it. */
export async function runServe(options: Record<string, unknown>, process: Process): Promise<number> {
  const { host, port } = address(String(options.listen));
  const data = options.data;
  const ready = options.readyFile;
  if (typeof ready === 'string') await rm(ready, { force: true });
  const interruption = onSignals(process, () => {});
  const server = await serve({ host, port, dataDir: typeof data === 'string' ? data : null }).catch((error) => {
    throw refused(error, host, port);
  });
  try {
    let code = 0;
    if (Array.isArray(options.seed)) {
      const { runLoad } = await import('./load-command.js');
      const flags = { url: [server.url], db: String(options.db), createDb: true, checkpoint: false, progress: 'none' };
      code = await runLoad(options.seed.map(String), flags, process);
    }
    if (code === 0) {
      process.stderr.write(
        `serving at ${server.url}${typeof data === 'string' ? `, data in ${data}` : ', in memory'}\n`,
      );
      if (typeof ready === 'string') await writeFile(ready, `${server.url}\n`);
      await stopped(interruption.stop);
    }
    return code;
  } finally {
    interruption.end();
    await server.close();
  }
}

async function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function address(listen: string): Address {
  const found = parseAddress(listen);
  if (found === null)
    throw new UsageError([`listen: expected HOST:PORT, such as 127.0.0.1:8902 or :0, got "${listen}" (from --listen)`]);
  return found;
}

function refused(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL' && code !== 'ENOTFOUND') return error;
  return new UsageError([
    `listening on ${host}:${port} — expected the address to be free and ours — got ${code} — name another with --listen, or :0 for any`,
  ]);
}
