// An audit without a network: inputs and target are texts of line protocol with timestamps in nanoseconds.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditContext, audit } from '../../src/audit/audit.js';
import { UnavailableError } from '../../src/core/errors.js';
import { pointValues } from '../../src/core/points/line-protocol.js';
import type { AuditReport, TimeSpan } from '../../src/core/types/index.js';
import { realClock } from './clock.js';

/** Points of a target, by table, time and tags. Later fields overwrite earlier ones. */
export class MemoryTarget {
  readonly #points = new Map<string, { table: string; time: bigint; head: string; fields: Map<string, string> }>();
  /** Number of scans so far. */
  scans = 0;
  /** Ends the next scans early, as a broken connection does. */
  brokenScans = 0;

  write(text: string): void {
    for (const line of linesOf(text)) {
      const { table, time } = pointValues(Buffer.from(line), 'ns');
      const [head = ''] = line.split(' ', 1);
      const key = JSON.stringify([table, String(time), head.split(',').sort()]);
      const known = this.#points.get(key) ?? { table, time, head, fields: new Map<string, string>() };
      for (const field of line.slice(head.length + 1, line.lastIndexOf(' ')).split(',')) {
        const [name = '', value = ''] = field.split('=');
        known.fields.set(name, value);
      }
      this.#points.set(key, known);
    }
  }

  readonly scan = (table: string, span: TimeSpan): AsyncGenerator<Uint8Array, void> => this.#scan(table, span);

  async *#scan(table: string, { from, to }: TimeSpan): AsyncGenerator<Uint8Array, void> {
    this.scans += 1;
    await Promise.resolve();
    let points = 0;
    for (const { table: of, time, head, fields } of this.#points.values()) {
      if (of !== table || time < from || time >= to) continue;
      points += 1;
      if (points === 3 && this.brokenScans > 0) {
        this.brokenScans -= 1;
        throw new UnavailableError('the connection broke');
      }
      yield Buffer.from(`${head} ${[...fields].map((field) => field.join('=')).join(',')} ${time}\n`);
    }
  }
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

export interface MemoryAudit {
  readonly inputs: string;
  readonly target: MemoryTarget;
  readonly options?: Partial<AuditContext>;
  readonly repair?: boolean;
}

/** Runs an audit in a folder of its own, or in `options.folder`. */
export async function auditInMemory({ inputs, target, options, repair = false }: MemoryAudit): Promise<AuditReport> {
  const folder = options?.folder ?? (await mkdtemp(join(tmpdir(), 'bulk-load-test-')));
  try {
    return await audit({
      readInputs: (take) => {
        take(Buffer.from(inputs));
        return Promise.resolve({ points: linesOf(inputs).length, rejected: 0, byReason: {} });
      },
      precision: 'ns',
      scan: target.scan,
      targetTables: () => Promise.resolve([]),
      admit: () => Promise.resolve(),
      since: null,
      until: null,
      repair: repair ? async (file) => target.write(await readFile(file, 'utf8')) : null,
      identity: 'test',
      memoryBytes: 1024 * 1024,
      retryForMs: 60_000,
      clock: { ...realClock, sleep: () => Promise.resolve() },
      signal: new AbortController().signal,
      notify: () => {},
      progress: () => {},
      ...options,
      folder,
    });
  } finally {
    if (options?.folder === undefined) await rm(folder, { recursive: true, force: true });
  }
}
