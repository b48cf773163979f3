// Inputs that may break the kernel, and a comparison of its results with the exact check alone.

import * as model from '../../../src/core/types/index.js';
import { LineProtocol } from '../../../src/formats/line-protocol/line-format.js';
import { LineScan } from '../../../src/formats/line-protocol/line-scan.js';
import { bytesSource, type Options } from '../support.js';

const pairs = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=${i}`).join();

const corpus = [
  'readings,name=truck_1,fleet=South,driver=Trish,model=H_2 latitude=52.31854,elevation=124,velocity=0 1640995200000000000',
  'diagnostics,name=truck_12 load=0,status=5i,fuel=1u 1640995200000000001',
  'm f=t,g=T,h=f,i=F,j=true,k=True,l=TRUE,m=false,n=False,o=FALSE 1',
  'm,abcdefgh=12345678,abcdefghi=123456789012345678 ijklmnop=-1.25,ijklmnopqrstuvwx=-9,y=-5i 99999999',
  'm f=999999999999999999i,g=-99999999999999999i,h=0.12345678901234567,i=123456789012345678901234567890.1 160000000',
  's f="a b,c=d",g="",h="x" 1600000000000000000\r',
  's f="a" 9160127236854775808',
  'm f=1',
  'm f="x"\r',
  ' m f=1  1 ',
  '# a comment, f=1 1',
  '',
  'm a=t 1',
  'm,t=b f=1234567890.123456,g=-12345678901234.5 12345678901234567',
  `s f="${'d'.repeat(692)}" 1`,
  `s f="${'d'.repeat(142)}" 1`,
  'm a=false,b=False,c=FALSE,d=true,e=True,f=TRUE,g=T,h=F,i=f,j=-,k=1 1',
  'm f=1e5,g=1.,h=+1 1',
  `m,t=${'a'.repeat(493)} f=1 1`,
  'm f="1!2",g="=" 9160127236854775807',
  'm f=1/5,g=1 1',
  `m,t=${'a'.repeat(492)} f=1 1`,
  'm,t=é f="ü" 1',
  'm,t=a\\ b f="\\"" 1',
  `m,t=${'a'.repeat(494)} f=1 1`,
  // As long, and with as many parts, as a pattern of the kernel holds, and one more.
  `m,${'a'.repeat(30)}=v ${'b'.repeat(30)}=2 1`,
  `m,${'a'.repeat(31)}=v b=2 1`,
  `m,t=v ${'b'.repeat(31)}=2 1`,
  `${'m'.repeat(30)} f=1 1`,
  `${'m'.repeat(31)} f=1 1`,
  `m ${pairs(41)} 1`,
  `m ${pairs(42)} 1`,
  `m,${pairs(40)} f=1 1`,
  `m,${pairs(41)} f=1 1`,
  `m,${pairs(42)} f=1 1`,
  `long,t=${'b'.repeat(200)} f="${'c'.repeat(300)}" 12345678901234567`,
];
const bytes = Buffer.from(',= "\\\n\r\t#/-+.0123456789eiutTfFaz\u0000\u007f\u0080é!<>;^~', 'latin1');

/** Returns a generator of 32-bit integers that repeats for the same seed (xorshift; Marsaglia 2003). */
export function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function mutate(line: Uint8Array, next: (below: number) => number): Uint8Array {
  const at = next(line.length + 1);
  const byte = bytes.subarray(next(bytes.length)).subarray(0, 1);
  const kind = next(4);
  const after = kind === 0 ? at : at + 1 + (kind === 3 ? next(8) : 0);
  return Buffer.concat([line.subarray(0, at), kind >= 2 ? Buffer.alloc(0) : byte, line.subarray(after)]);
}

/**
 * Picks lines of the corpus in turn or at random. Most stay as they are; in the others one to three bytes are inserted,
 * changed or removed. In turn, a few lines repeat, so the kernel comes to expect them.
 */
export function mutatedInput(next: (below: number) => number): { input: Buffer; mutations: number } {
  const parts: Uint8Array[] = [];
  let mutations = 0;
  const turn = next(2) === 0 ? null : Array.from({ length: 1 + next(3) }, () => corpus[next(corpus.length)]!);
  const trusted = turn === null ? 0 : 20;
  const lines = turn === null ? 3 + next(30) : trusted + 10 + next(60);
  for (let i = 0; i < lines; i++) {
    let line: Uint8Array = Buffer.from(turn === null ? corpus[next(corpus.length)]! : turn[i % turn.length]!);
    if (i >= trusted && next(2) === 0) {
      mutations++;
      for (let times = 1 + next(3); times > 0; times--) line = mutate(line, next);
    }
    parts.push(line, Buffer.from(next(40) === 0 ? '' : '\n'));
  }
  return { input: Buffer.concat(parts), mutations };
}

const shownShapes = new WeakMap<model.Shape, string>();

/** Writes a shape as text. */
export function shownOf(shape: model.Shape): string {
  const shown = shownShapes.get(shape) ?? JSON.stringify(shape);
  shownShapes.set(shape, shown);
  return shown;
}

/** Writes everything observable in the runs of an input as text, with shapes in place of their numbers. */
async function account(format: LineProtocol, input: Buffer, chunks: readonly number[]): Promise<string[]> {
  const results: string[] = [];
  const rejects: string[] = [];
  for await (const run of format.points(bytesSource(input, chunks), new AbortController().signal)) {
    for (let i = 0; i < run.count; i++) {
      const words = run.index.subarray(i * model.POINT_WORDS, (i + 1) * model.POINT_WORDS);
      const [start, length, source, sourceLength, line, shape, low, high] = words as unknown as number[];
      const number = shape! & 0x7fff_ffff;
      const shown = shownOf(number === model.UNCOUNTED_SHAPE ? run.shapeOf(i) : run.shape(number));
      const sent = Buffer.from(run.bytes.subarray(start, start! + length!)).toString('latin1');
      const place = [run.origin + source!, sourceLength, run.firstLine + line!, shape! >>> 31, low, high];
      results.push(`${sent} ${place.join()} ${shown}`);
    }
    for (const { start, length, line, reason, part } of run.rejects) {
      rejects.push(`${reason} ${part} ${run.origin + start} ${length} ${run.firstLine + line}`);
    }
  }
  return [...results, ...rejects];
}

/** Creates a format with the kernel and one with the exact check alone, for the same settings. */
export function pair(settings: Partial<Options>): (input: Buffer, chunks: readonly number[]) => Promise<boolean> {
  const options: Options = {
    maxPointBytes: 700,
    precision: 'ns',
    missingTimestamp: 'reject',
    chunkBytes: 3000,
    ...settings,
  };
  const fast = new LineProtocol(options);
  const exact = new LineProtocol({ ...options, kernel: false });
  return async (input, chunks) => {
    const [a, b] = [await account(fast, input, chunks), await account(exact, input, chunks)];
    return a.length === b.length && a.every((line, i) => line === b[i]);
  };
}

const settings: readonly Partial<Options>[] = [
  {},
  { missingTimestamp: 'now', indexPoints: 5 },
  { precision: 'ms', maxPointBytes: 150, chunkBytes: 333 },
  { maxShapes: 8 },
  { chunkBytes: 40_000 },
];

/** Word of the kernel's state: lines that matched the expected pattern. */
const AS_EXPECTED = 258;

/**
 * Returns the points and rejects of one window, and how many lines the kernel took and expected. A kernel that declines a
 * common line is faulty as well.
 */
function outcome(scan: LineScan, input: Buffer): string {
  const at = scan.layout.windows[0];
  scan.bytes.set(input, at);
  // The bytes after the window must not end it.
  scan.bytes[at + input.length] = 0x0a;
  scan.begin(model.INPUT_START);
  scan.window(at, at + input.length, true, at);
  const results: unknown[] = [];
  for (let stop = 'full'; stop === 'full'; ) {
    stop = scan.run();
    results.push([...scan.index.subarray(0, scan.count * model.POINT_WORDS)], scan.rejects);
  }
  return JSON.stringify([results, scan.kernelPoints, new Uint32Array(scan.bytes.buffer)[AS_EXPECTED]]);
}

/**
 * Repeats a line until it is expected, then drops each of its bytes in turn while the input is small enough. Ends with the
 * line cut off.
 */
function expectedThen(line: string): string {
  const without = Array.from({ length: Math.min(line.length, 120) }, (_, i) => line.slice(0, i) + line.slice(i + 1));
  return `${line}\n`.repeat(60) + without.map((each) => `${each}\n${line}\n${line}\n`).join('') + line;
}

/** Returns inputs of one line whose lengths are multiples of 64 bytes, which the kernel reads at once. */
const wholeBlocks = [1, 2, 3].map((blocks) => `m,t=${'a'.repeat(64 * blocks - 11)} f=1 1\n`);

/** Returns whether this kernel differs from the built one on a few thousand mutated points. */
export function noticed(kernel: Uint8Array): boolean {
  const next = random(7);
  for (const each of settings) {
    const options: Options = {
      maxPointBytes: 700,
      precision: 'ns',
      missingTimestamp: 'reject',
      ...each,
      chunkBytes: 1 << 20,
    };
    const [scan, built] = [new LineScan({ ...options, kernel }), new LineScan(options)];
    const wide = Buffer.from(
      corpus
        .map((line) => `${line}\n`.repeat(8))
        .join('')
        .repeat(20),
    );
    if (outcome(scan, wide) !== outcome(built, wide)) return true;
    for (const text of [...wholeBlocks, ...corpus.map(expectedThen)]) {
      const input = Buffer.from(text);
      if (outcome(scan, input) !== outcome(built, input)) return true;
    }
    for (let i = 0; i < 300; i++) {
      const input = Buffer.concat(Array.from({ length: 1 + next(8) }, () => mutatedInput(next).input));
      if (outcome(scan, input) !== outcome(built, input)) return true;
    }
  }
  return false;
}
