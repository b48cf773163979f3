// Stores the state of an audit on disk, so that a killed audit can resume. One file stores the time windows, each with
// the digest of its input points. The other file stores one line for each compared range of the target.

import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../core/io/files.js';
import { diskError } from './differences/point-files.js';
import type { AuditedInputs } from './types.js';
import type { ComparedSpan } from './windows/compare-windows.js';
import type { AuditPlan } from './windows/digest-inputs.js';
import { type StoredWindow, storedWindow, windowFrom } from './windows/windows.js';

interface StoredPlan {
  readonly identity: string;
  readonly from: string;
  readonly to: string;
  readonly totals: AuditedInputs;
  readonly windows: readonly StoredWindow[];
}

export class AuditState {
  readonly #planPath: string;
  readonly #spansPath: string;
  readonly #identity: string;

  constructor(folder: string, identity: string) {
    this.#planPath = join(folder, 'windows.json');
    this.#spansPath = join(folder, 'compared.ndjson');
    this.#identity = identity;
  }

  /** Returns the state of an earlier audit with the same identity; null without such a state on disk. */
  async resume(): Promise<{ readonly plan: AuditPlan; readonly compared: ComparedSpan[] } | null> {
    const stored = await readJson<StoredPlan>(this.#planPath);
    if (stored?.identity !== this.#identity) return null;
    const { from, to, totals, windows } = stored;
    const plan = { windows: windows.map(windowFrom), span: { from: BigInt(from), to: BigInt(to) }, totals };
    const lines = (await readFile(this.#spansPath, 'utf8').catch(() => '')).split('\n');
    // The text after the last LF is empty, or a line that a kill cut off. The slice drops this text.
    return { plan, compared: lines.slice(0, -1).map((line) => JSON.parse(line) as ComparedSpan) };
  }

  /** Replaces any earlier state with the state of a new audit. Throws StateError when the disk is full. */
  async begin({ windows, span, totals }: AuditPlan): Promise<void> {
    const { from, to } = span;
    const stored: StoredPlan = {
      ...{ identity: this.#identity, from: String(from), to: String(to), totals },
      windows: windows.map(storedWindow),
    };
    try {
      await rm(this.#spansPath, { force: true });
      await replaceFile(this.#planPath, (file) => writeFile(file, JSON.stringify(stored)));
    } catch (error) {
      throw diskError(this.#planPath, error);
    }
  }

  async add(compared: ComparedSpan): Promise<void> {
    try {
      await appendFile(this.#spansPath, `${JSON.stringify(compared)}\n`, { mode: 0o600 });
    } catch (error) {
      throw diskError(this.#spansPath, error);
    }
  }
}

async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return null;
  }
}
