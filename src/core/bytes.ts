/**
 * Copies bytes [start, end) of `from` to `at` in `to`. With shared memory, `set` copies word by word on every Node, and so
 * does `Buffer.copy` on Node 20 (1.8 GB/s). `fill` with exactly as many bytes is one `memcpy` (12 to 14 GB/s; Node 20, 22
 * and 24, measured 2026-11-26). Throws RangeError where the bytes do not fit.
 */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  const until = at + end - start;
  if (until > to.length) throw new RangeError(`no room for ${end - start} bytes at ${at} of ${to.length}`);
  if (end > start) Buffer.prototype.fill.call(to, from.subarray(start, end), at, until);
}
