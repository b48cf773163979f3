// What the attacks share: how many they try, and a thread that names a case in which the process hangs.

import { Worker } from 'node:worker_threads';

const isSoak = process.env.BULK_LOAD_SOAK === '1';
/** `npm run soak` tries all of them. ATTACK_SEED moves the seeds. */
export const attempts = (sample: number, all: number): number =>
  Number(process.env.ATTACK_ATTEMPTS ?? (isSoak ? all : sample));
export const firstSeed = Number(process.env.ATTACK_SEED ?? 0);

const source = `
  const { workerData, parentPort } = require('node:worker_threads');
  parentPort.on('message', () => process.exit());
  let [last, since] = [-1, 0];
  setInterval(() => {
    const now = Atomics.load(workerData, 0);
    since = now === last ? since + 1 : 0;
    last = now;
    if (since < 120) return;
    process._rawDebug('HANG: case ' + now);
    process.kill(process.pid, 'SIGKILL');
  }, 1000);`;

/** Kills this process, and names the case, when one case takes two minutes. A synchronous loop would never reach a timeout. */
export class HangWatch {
  readonly #current = new Int32Array(new SharedArrayBuffer(4));
  readonly #thread = new Worker(source, { eval: true, workerData: this.#current });

  /** Notes the case that begins. */
  begin(seed: number): void {
    Atomics.store(this.#current, 0, seed);
  }

  async end(): Promise<void> {
    this.#thread.postMessage('end');
    await this.#thread.terminate();
  }
}
