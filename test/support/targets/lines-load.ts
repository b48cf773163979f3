// Loads into a server other than CnosDB, with the command that a user types.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../../src/cli/main.js';
import type { Summary } from '../../../src/core/types/index.js';
import { here, type Ran } from '../programs/here.js';
import { type Running, start } from '../programs/process.js';

export interface Loaded {
  readonly code: number;
  readonly stderr: string;
  readonly summary: Summary;
}

export class Bench {
  readonly #folder: string;
  readonly #options: readonly string[];
  #files = 0;

  private constructor(folder: string, options: readonly string[]) {
    this.#folder = folder;
    this.#options = options;
  }

  /** @param options options of every load */
  static async begin(options: readonly string[]): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), 'bulk-load-test-')), options);
  }

  async file(text: string): Promise<string> {
    const path = join(this.#folder, `${this.#files++}.lp`);
    await writeFile(path, text);
    return path;
  }

  async load(text: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Loaded> {
    const path = await this.file(text);
    const options = [...this.#all(), '--summary', '-'];
    const ran = await here(main, ['node', 'bulk-load', ...options, ...args, path], '', env);
    return { code: ran.status, stderr: ran.stderr, summary: JSON.parse(ran.stdout) as Summary };
  }

  /** Runs the command with the options of every load, and text for standard input. */
  async ran(args: readonly string[], input = ''): Promise<Ran> {
    const [command = '', ...rest] = args;
    const words = command === 'check' ? [command, ...this.#all(), ...rest] : [...this.#all(), ...args];
    return await here(main, ['node', 'bulk-load', ...words], input, {});
  }

  /** Starts the command in a child process. */
  begin(args: readonly string[]): Running {
    return start([...this.#all(), ...args]);
  }

  /** Reject reasons by line number. */
  async rejects({ summary }: Loaded): Promise<Record<number, string>> {
    const text = summary.rejects.reasons === null ? '' : await readFile(summary.rejects.reasons, 'utf8');
    const rows = text.split('\n').filter((line) => line !== '');
    const read = rows.map((line) => JSON.parse(line) as { line: number; reason: string });
    return Object.fromEntries(read.map(({ line, reason }) => [line, reason]));
  }

  end(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  #all(): string[] {
    return [...this.#options, '--state-dir', join(this.#folder, 'state'), '--progress', 'none'];
  }
}
