import { Worker } from 'node:worker_threads';
import { BugError } from './errors.js';
import { packaged } from './version.js';

interface ThreadOptions<Message> {
  /** File of this package's bundle that the thread runs. */
  readonly file: string;
  /** Description of the thread for error messages, such as `the thread that parses points`. */
  readonly title: string;
  readonly workerData: object;
  /**
   * Limit of the thread's heap, MiB. Default: 32. Large data is in shared memory, so the heap contains little more than
   * messages.
   */
  readonly heapMiB?: number;
  readonly receive: (message: Message) => void;
  /** Called when the thread has ended for any reason, including `terminate`. */
  readonly fail: (error: BugError) => void;
}

/** Starts a thread that does not keep the process running. */
export function startThread<Message>(options: ThreadOptions<Message>): Worker {
  const { file, title, workerData, heapMiB = 32, receive, fail } = options;
  const resourceLimits = {
    maxYoungGenerationSizeMb: heapMiB / 16,
    maxOldGenerationSizeMb: heapMiB,
    stackSizeMb: 1,
  };
  const ended = (cause: unknown): void => {
    const message = cause instanceof Error ? cause.message : String(cause);
    fail(new BugError(`${title} has ended: ${message}`, { cause }));
  };
  const thread = new Worker(packaged(`dist/bundle/${file}`), { workerData, resourceLimits, execArgv: [], env: {} });
  thread.on('message', receive);
  thread.on('error', ended);
  thread.on('exit', (code) => ended(new Error(`exit code ${code}`)));
  // `unref` comes last, because a new message listener makes the thread keep the process running again.
  thread.unref();
  return thread;
}
