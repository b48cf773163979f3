// Writes bits to the output, the lowest first.

let bits: u64 = 0;
let used: u64 = 0;
let out: usize = 0;

export function beginOutput(output: usize): void {
  out = output;
  bits = 0;
  used = 0;
}

/** Appends bits. At most 63 bits fit, including up to 7 earlier bits that the last `flush` did not write. */
@inline
export function put(value: u64, count: u64): void {
  bits |= value << used;
  used += count;
}

/** Appends a code. `code` is an entry of a code table: the code << 8 | its number of bits. */
@inline
export function putCode(code: u32): void {
  put(code >> 8, code & 255);
}

@inline
export function flush(): void {
  store<u64>(out, bits);
  out += usize(used >> 3);
  bits >>= used & ~7;
  used &= 7;
}

/** Fills the last byte. Returns the end of the output. */
export function endOutput(): usize {
  store<u64>(out, bits);
  return out + usize((used + 7) >> 3);
}
