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

/** A command that goes on, wherever it runs. */
export interface Going {
  stdout(): string;
  stderr(): string;
  /** Resolves once stdout or stderr matches; rejects with all that was said when it ends before. */
  saw(pattern: RegExp): Promise<void>;
  kill(signal?: NodeJS.Signals): void;
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<Ended>;
}

/** One in a process of its own. */
export interface Running extends Going {
  readonly child: ChildProcess;
  readonly pid: number;
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
    ([name]) => !/^(BULK_LOAD_|FORCE_COLOR|NODE_OPTIONS)|_proxy$/i.test(name),
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
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8');
  const how = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal }));
  });
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): void => void child.kill(signal);
  return { child, pid: child.pid ?? 0, kill, ...heard(child, how) };
}

/** Collects what is said until it has ended. */
export function heard(
  from: { readonly stdout: NodeJS.EventEmitter | null; readonly stderr: NodeJS.EventEmitter | null },
  how: Promise<Pick<Ended, 'code' | 'signal'>>,
): Omit<Going, 'kill'> {
  const said = { stdout: '', stderr: '' };
  const waiters = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    from[name]?.on('data', (text: string) => {
      said[name] += text;
      for (const look of waiters) look();
    });
  }
  const ended = how.then((end) => ({ ...end, ...said }));
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
  return { stdout: () => said.stdout, stderr: () => said.stderr, saw, ended };
}
