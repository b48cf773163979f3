// Reads the window size of a zstd frame from the frame's header (RFC 8878, 3.1.1). The decoder needs that much memory
// for the frame. So the caller can refuse a frame before the decoder gets its header.

const frameMagic = 0xfd2fb528;
/**
 * Length of the longest header, bytes: 4 for the magic number, 1 for the descriptor, and at most 1 + 4 + 8 for fields.
 */
export const longestHeader = 18;
const dictionaryBytes = [0, 1, 2, 4];
const sizeBytes = [0, 2, 4, 8];

/**
 * Returns the window size of the first frame in `head`, bytes; 0 for a skippable frame, null if the header is
 * incomplete.
 */
export function windowBytes(head: Uint8Array): number | null {
  if (head.length < 5) return null;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (view.getUint32(0, true) !== frameMagic) return 0;
  const descriptor = head[4]!;
  const single = (descriptor & 0x20) !== 0;
  if (!single) return head.length < 6 ? null : fromDescriptor(head[5]!);
  const at = 5 + dictionaryBytes[descriptor & 3]!;
  const bytes = sizeBytes[descriptor >> 6] || 1;
  return head.length < at + bytes ? null : contentSize(view, at, bytes);
}

function fromDescriptor(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}

function contentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  return bytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
