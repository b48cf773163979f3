// load_cnosdb run within the test's own process, and what is equal in two outputs of it whatever the clock said.

import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { loadCnosdb } from '../../src/cli/load-cnosdb.js';
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

/** As the command, without a process of its own. `env` is all the environment there is. */
export async function inProcess(args: readonly string[], input: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  const [stdout, stderr] = [new Said(), new Said()];
  const asked = new EventEmitter();
  const process: Process = {
    on: (event, listener) => asked.on(event, listener as () => void),
    off: (event, listener) => asked.off(event, listener as () => void),
    argv: ['node', 'load_cnosdb', ...args],
    env,
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]) as unknown as NodeJS.ReadStream,
    stdout,
    stderr,
    cwd: () => env.PWD ?? '/',
    exit: (): never => {
      throw new Error('a command sets the exit code, and lets the process end');
    },
  };
  await loadCnosdb(process);
  return { status: Number(process.exitCode), stdout: stdout.text, stderr: stderr.text };
}

/** Times and rates are the clock's, and workers end in any order. */
export function masked(stdout: string): string[] {
  const lines = stdout
    .replace(/in \d+\.\d{3}sec/g, 'in #.###sec')
    .replace(/mean rate \d+\.\d\d /g, 'mean rate #.## ')
    .replace(/of \d+\.\d{6}sec/g, 'of #.######sec')
    .replace(/to \S*RESULTS$/gm, 'to RESULTS')
    .split('\n');
  const workers = lines.filter((line) => line.startsWith('[worker')).sort();
  return [...lines.filter((line) => !line.startsWith('[worker')), ...workers];
}

/** A results file, byte for byte but for its path, times and rates. */
export function maskedResults(text: string | null): string | null {
  return (
    text
      ?.replace(/("(?:StartTime|EndTime|DurationMillis)": )\d+/g, '$1#')
      .replace(/("(?:metricRate|rowRate)": )[\d.e+]+/g, '$1#')
      .replace(/"[^"]*RESULTS"/, '"RESULTS"') ?? null
  );
}
