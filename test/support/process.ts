// Starts a program of ours as a user would, and collects what it says and how it ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How a process ended. `code` is null when a signal ended it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves once stdout or stderr matches; rejects with all that was said when the process ends before. */
  saw(pattern: RegExp): Promise<void>;
  kill(signal?: NodeJS.Signals): void;
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Written to standard input, which is then closed; null leaves it open for the test; without it there is none. */
  readonly input?: string | Uint8Array | null;
  /** Before the script: flags for Node. */
  readonly nodeArgs?: readonly string[];
  /** Default: bin/bulk-load.js. Relative to the checkout. */
  readonly script?: string;
}

function feed(child: ChildProcess, input: StartOptions['input']): void {
  child.stdin?.on('error', () => {}); // the process may end without having read it
  if (input !== undefined && input !== null) child.stdin?.end(input);
}

/** Starts it; the caller awaits `ended`. Our own settings in the environment are left out, so tests do not depend on them. */
export function start(args: readonly string[], options: StartOptions = {}): Running {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(BULK_LOAD_|FORCE_COLOR|NODE_OPTIONS)/.test(name),
  );
  const child = spawn(
    process.execPath,
    [...(options.nodeArgs ?? []), join(root, options.script ?? 'bin/bulk-load.js'), ...args],
    {
      cwd: root,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...Object.fromEntries(inherited), ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    },
  );
  feed(child, options.input);
  return watch(child);
}

/** As `start`, awaited to the end. */
export function run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** For other programs than ours. */
export function watch(child: ChildProcess): Running {
  const said = { stdout: '', stderr: '' };
  const waiters = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      for (const look of waiters) look();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, ...said }));
  });
  const saw = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(said.stdout) && !pattern.test(said.stderr)) return;
        waiters.delete(look);
        resolve();
      };
      waiters.add(look);
      look();
      ended.then(() => reject(new Error(`ended without ${pattern}: ${said.stdout}${said.stderr}`)), reject);
    });
  return {
    child,
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    saw,
    kill: (signal = 'SIGTERM') => void child.kill(signal),
    ended,
  };
}
