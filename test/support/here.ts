// A command run within the test's own process: the whole road but for the start of Node, which takes most of the time of a
// small load.

import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { Process, Stream } from '../../src/cli/process.js';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Said extends EventEmitter implements Stream {
  text = '';

  write(text: string, done?: () => void): boolean {
    this.text += text;
    done?.();
    return true;
  }
}

/** `env` is all the environment there is. */
export async function here(
  command: (process: Process) => Promise<void>,
  argv: readonly string[],
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<Ran> {
  const [stdout, stderr] = [new Said(), new Said()];
  const asked = new EventEmitter();
  const process: Process = {
    on: (event, listener) => asked.on(event, listener as () => void),
    off: (event, listener) => asked.off(event, listener as () => void),
    argv,
    env,
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]) as unknown as NodeJS.ReadStream,
    stdout,
    stderr,
    cwd: () => env.PWD ?? '/',
    exit: (): never => {
      throw new Error('a command sets the exit code, and lets the process end');
    },
  };
  await command(process);
  return { status: Number(process.exitCode), stdout: stdout.text, stderr: stderr.text };
}
