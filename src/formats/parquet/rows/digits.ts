// Numbers as text, written where they are to stand: exact for every value, and no string made for most. Each function writes
// at `at` and returns the offset behind what it wrote.

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;
const BILLION = 1_000_000_000;
const WORD = 2 ** 32;
/** A double that is a whole number below this has these digits. */
const wholeLimit = 1e15;
/** Decimal places that are tried before the language is asked; zeros at the end are left out. */
const scales = [3, 6];
/** Powers of ten. */
const powers = [1, 10, 100, 1000, 1e4, 1e5, 1e6];

/** A whole number from 0 to 2^53. */
export function putWhole(bytes: Uint8Array, at: number, value: number): number {
  if (value < BILLION) return putSmall(bytes, at, value);
  const upper = Math.floor(value / BILLION);
  return putPadded(bytes, putWhole(bytes, at, upper), value - upper * BILLION, 9);
}

function putSmall(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return putPadded(bytes, at, value, digits);
}

/** With zeros before it, so many digits, 9 at most. */
export function putPadded(bytes: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0;
  for (let p = at + digits - 1; p >= at; p--) {
    const next = (rest / 10) | 0;
    bytes[p] = ZERO + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

/** 64 bits as two words. */
export function putInt64(bytes: Uint8Array, at: number, low: number, high: number, signed: boolean): number {
  if (!signed || high >= 0) return putWords(bytes, at, low >>> 0, high >>> 0);
  bytes[at] = MINUS;
  const negated = -low >>> 0;
  return putWords(bytes, at + 1, negated, (~high + Number(negated === 0)) >>> 0);
}

/** Long division by a billion, no step beyond 2^53. */
function putWords(bytes: Uint8Array, at: number, low: number, high: number): number {
  if (high === 0) return putWhole(bytes, at, low);
  const first = Math.floor(high / BILLION);
  const middle = (high - first * BILLION) * 65_536 + (low >>> 16);
  const second = Math.floor(middle / BILLION);
  const last = (middle - second * BILLION) * 65_536 + (low & 0xffff);
  const third = Math.floor(last / BILLION);
  const quotient = first * WORD + second * 65_536 + third;
  const rest = last - third * BILLION;
  return quotient === 0 ? putSmall(bytes, at, rest) : putPadded(bytes, putWhole(bytes, at, quotient), rest, 9);
}

/** A finite double: digits from which the same one is read. */
export function putFloat64(bytes: Uint8Array, at: number, value: number): number {
  let p = at;
  if (value < 0 || Object.is(value, -0)) bytes[p++] = MINUS;
  const size = Math.abs(value);
  if (size < wholeLimit) {
    const whole = Math.floor(size);
    if (whole === size) return putWhole(bytes, p, size);
    for (let i = 0; i < scales.length; i++) {
      const digits = scales[i]!;
      const scale = powers[digits]!;
      const scaled = Math.round(size * scale);
      // Both are exact, and so their quotient is the double next to these digits.
      if (scaled / scale === size && scaled < wholeLimit)
        return putFraction(bytes, p, whole, scaled - whole * scale, digits);
    }
  }
  return putText(bytes, p, String(size));
}

/** @param fraction so many digits of it, not all of them zeros */
function putFraction(bytes: Uint8Array, at: number, whole: number, fraction: number, digits: number): number {
  const p = putWhole(bytes, at, whole);
  bytes[p] = DOT;
  let rest = fraction | 0;
  let length = digits;
  for (let next = (rest / 10) | 0; next * 10 === rest; next = (rest / 10) | 0) {
    rest = next;
    length--;
  }
  return putPadded(bytes, p + 1, rest, length);
}

/** A whole number below 10^15, either way, with a decimal point before the last of its digits. */
export function putDecimal(bytes: Uint8Array, at: number, unscaled: number, scale: number): number {
  if (scale > 15 || scale < 0) return putText(bytes, at, decimalText(BigInt(unscaled), scale));
  let p = at;
  if (unscaled < 0) bytes[p++] = MINUS;
  const size = Math.abs(unscaled);
  if (scale === 0) return putWhole(bytes, p, size);
  const unit = 10 ** scale;
  const whole = Math.floor(size / unit);
  const rest = size - whole * unit;
  p = putWhole(bytes, p, whole);
  bytes[p++] = DOT;
  if (scale <= 9) return putPadded(bytes, p, rest, scale);
  const upper = Math.floor(rest / BILLION);
  return putPadded(bytes, putPadded(bytes, p, upper, scale - 9), rest - upper * BILLION, 9);
}

/** Text without anything beyond ASCII. */
export function putText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** The digits of a whole number with a decimal point before the last of them. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Whether a float that is read from this text is written with the same digits again. */
export function isFloatExact(text: string): boolean {
  if (text.replace(/[-.]/g, '').replace(/^0+/, '').length <= 15) return true;
  const plain = (value: string): string => (value.includes('.') ? value.replace(/\.?0+$/, '') : value);
  return plain(String(Number(text))) === plain(text.replace(/^(-?)0+(?=\d)/, '$1'));
}
