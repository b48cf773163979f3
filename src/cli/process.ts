// The part of Node's `process` that the commands use. Tests pass another object.

export interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly fd?: number;
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown;
}

export interface Process {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Stream & NodeJS.EventEmitter;
  readonly stderr: Stream & NodeJS.EventEmitter;
  readonly platform?: string;
  readonly execPath?: string;
  readonly execArgv?: readonly string[];
  /** Replaces the program of this process. Exists in Node 22.15 and later, except on Windows. */
  readonly execve?: ((file: string, argv: readonly string[], env: NodeJS.ProcessEnv) => never) | undefined;
  exitCode?: number | string | null | undefined;
  cwd(): string;
  on(event: string, listener: (...values: never[]) => void): unknown;
  off(event: string, listener: (...values: never[]) => void): unknown;
  exit(code: number): never;
}
