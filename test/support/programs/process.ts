// Starts a program of the package as a user would, and collects its output and exit code.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** How a process ended. `code` is null when a signal ended it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command, in this process or in a child process. */
export interface Going {
  stdout(): string;
  stderr(): string;
  /** Resolves once stdout or stderr matches; rejects with the whole output if the command ends before. */
  saw(pattern: RegExp): Promise<void>;
  kill(signal?: NodeJS.Signals): void;
  /** Resolves when the command has ended and its output is complete. */
  readonly ended: Promise<Ended>;
}

/** A command in a child process. */
export interface Running extends Going {
  readonly child: ChildProcess;
  readonly pid: number;
}

export interface StartOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Content of standard input, which is then closed; null leaves it open for the test; absent: no standard input. */
  readonly input?: string | Uint8Array | null;
  /** Flags for Node, before the script. */
  readonly nodeArgs?: readonly string[];
  /** Path from the checkout; bin/bulk-load.js by default. */
  readonly script?: string;
}

function feed(child: ChildProcess, input: StartOptions['input']): void {
  child.stdin?.on('error', () => {}); // the process may end without having read it
  if (input !== undefined && input !== null) child.stdin?.end(input);
}

/** Starts a command; the caller awaits `ended`. Variables of bulk-load are removed, so that tests do not depend on them. */
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

/** Runs a command to its end. */
export function run(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

/** Starts another program. */
export function watch(child: ChildProcess): Running {
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8');
  const how = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal }));
  });
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): void => void child.kill(signal);
  return { child, pid: child.pid ?? 0, kill, ...heard(child, how) };
}

/** Collects the output until the process has ended. */
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
