// Writes bits to the output. The first bit becomes the lowest bit of the first byte (RFC 1951, 3.1.1).

let bits: u64 = 0;
let used: u64 = 0;
let out: usize = 0;

export function beginOutput(output: usize): void {
  out = output;
  bits = 0;
  used = 0;
}

/** Appends `value`, which has `count` bits. At most 56 bits may be appended between two calls of `flush`. */
@inline
export function put(value: u64, count: u64): void {
  bits |= value << used;
  used += count;
}

/** Appends a code. An entry of a code table is `code << 8 | size`, such as 0x503 for the code 101, which has 3 bits. */
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

/** Writes the remaining bits, and zeros up to the end of the last byte. Returns the end of the output. */
export function endOutput(): usize {
  store<u64>(out, bits);
  return out + usize((used + 7) >> 3);
}
