// Runs a command in the process of the test. It omits only the start of Node, which takes most of the time of a small load.

import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { main } from '../../../src/cli/main.js';
import type { Process, Stream } from '../../../src/cli/process.js';
import { type Ended, type Going, heard } from './process.js';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Command = (process: Process) => Promise<void>;

export interface HereOptions {
  /** The whole environment. */
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Content of standard input; empty by default. */
  readonly input?: string | Uint8Array;
  /** Columns of the terminal; without it stderr is not a terminal. */
  readonly columns?: number;
}

class Said extends EventEmitter implements Stream {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly #decoder = new StringDecoder();

  constructor(columns?: number) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns;
  }

  write(text: string | Uint8Array, done?: () => void): boolean {
    // The caller may overwrite the chunk as soon as this returns.
    this.emit('data', typeof text === 'string' ? text : this.#decoder.write(Buffer.from(text)));
    done?.();
    return true;
  }
}

/** Starts `bulk-load` with arguments. */
export function begin(args: readonly string[], { env, cwd = '/', input = '', columns }: HereOptions = {}): Going {
  return going(main, ['node', 'bulk-load', ...args], input, { PWD: cwd, ...env }, columns);
}

/** Runs it to its end. */
export function run(args: readonly string[], options?: HereOptions): Promise<Ended> {
  return begin(args, options).ended;
}

/** Starts another command. `env` is its whole environment. */
export async function here(
  command: Command,
  argv: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<Ran> {
  const { code, stdout, stderr } = await going(command, argv, input, env).ended;
  return { status: code ?? Number.NaN, stdout, stderr };
}

/** The running command. It receives the signals that it listens for. */
function going(
  command: Command,
  argv: readonly string[],
  input: string | Uint8Array,
  env: NodeJS.ProcessEnv,
  columns?: number,
): Going {
  const [stdout, stderr] = [new Said(columns), new Said(columns)];
  const asked = new EventEmitter();
  const process: Process = {
    on: (event, listener) => asked.on(event, listener as () => void),
    off: (event, listener) => asked.off(event, listener as () => void),
    argv,
    // Tests share this process, so its memory says nothing about the load.
    env: { BULK_LOAD_MEMORY_WATCHDOG: 'off', ...env },
    stdin: Readable.from(input.length === 0 ? [] : [Buffer.from(input)]) as unknown as NodeJS.ReadStream,
    stdout,
    stderr,
    cwd: () => env.PWD ?? '/',
    exit: (): never => {
      throw new Error('a command sets the exit code, and lets the process end');
    },
  };
  // Starts once a listener exists.
  const how = Promise.resolve()
    .then(() => command(process))
    .then(() => ({ code: Number(process.exitCode), signal: null }));
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): void => {
    if (!asked.emit(signal)) throw new Error(`${signal}: nobody listens for it`);
  };
  return { kill, ...heard({ stdout, stderr }, how) };
}
