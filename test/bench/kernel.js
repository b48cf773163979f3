// How fast line protocol is checked, against buffer.isUtf8 over the same bytes in the same run: node test/bench/kernel.js
// after npm run build. Only the checking is timed, not the copying of bytes into the window.

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { LineScan } from '../../dist/formats/line-protocol/line-scan.js';

const ROUNDS = 11;
/** Rounds before the first that counts: compilers finish in the background. */
const WARM_UP = 3;
/** Passes over the data in a round, so that a round is long against the noise of the machine. */
const PASSES = { kernel: 4, isUtf8: 4 };
const input = gunzipSync(readFileSync(new URL('../../fixtures/points/iot-200k.lp.gz', import.meta.url)));

/** CPU time so far, so that a busy machine shows less. */
function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** @param {{ kernel?: false }} which */
function scanner(which) {
  const scan = new LineScan({ maxPointBytes: 1 << 20, precision: 'ns', missingTimestamp: 'reject', ...which });
  return () => {
    const { chunkBytes, windows } = scan.layout;
    const chunk = windows[0];
    let milliseconds = 0;
    let points = 0;
    scan.begin({ byteOffset: 0, line: 1, ordinal: 0, digits: 0 });
    let carried = 0;
    for (let at = 0; at < input.length; at += chunkBytes) {
      const part = input.subarray(at, at + chunkBytes);
      scan.bytes.copyWithin(chunk - carried, chunk + chunkBytes - carried, chunk + chunkBytes);
      scan.bytes.set(part, chunk);
      const began = cpuMs();
      scan.window(chunk - carried, chunk + part.length, false, chunk);
      let stop = 'full';
      while (stop === 'full') {
        stop = scan.run();
        points += scan.count;
        if (scan.rejects.length > 0) throw new Error(scan.rejects[0]?.message);
      }
      milliseconds += cpuMs() - began;
      carried = chunk + part.length - scan.at;
    }
    return { milliseconds, points };
  };
}

const contestants = {
  kernel: scanner({}),
  isUtf8: () => {
    const began = cpuMs();
    isUtf8(input);
    return { milliseconds: cpuMs() - began, points: 0 };
  },
};

const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, /** @type {number[]} */ ([])]));
for (let round = 0; round < WARM_UP + ROUNDS; round++) {
  for (const [name, run] of Object.entries(contestants)) {
    const passes = PASSES[/** @type {keyof typeof PASSES} */ (name)];
    let milliseconds = 0;
    let points = 0;
    for (let pass = 0; pass < passes; pass++) {
      const one = run();
      milliseconds += one.milliseconds / passes;
      points = one.points;
    }
    if (name !== 'isUtf8' && points !== 200_000) throw new Error(`${name} read ${points} points`);
    if (round >= WARM_UP) times[name]?.push(milliseconds);
  }
}

const rates = Object.fromEntries(
  Object.entries(times).map(([name, each]) => {
    const median = each.sort((a, b) => a - b)[ROUNDS >> 1] ?? Number.NaN;
    return [name, Number((input.length / median / 1e6).toFixed(2))];
  }),
);
const ratio = (rates.kernel ?? 0) / (rates.isUtf8 ?? 0);
process.stdout.write(`  line protocol ${rates.kernel} GB/s: ${ratio.toFixed(2)} × isUtf8 of Node\n`);
