// zstd that needs no compressor, which Node 20 does not have: frames of one raw block each.

const blockBytes = 100_000;

export function zstd(content: string): Buffer {
  const bytes = Buffer.from(content);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = bytes.subarray(at, at + blockBytes);
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | 1, 0, 3);
    frames.push(Buffer.from('28b52ffd0058', 'hex'), header, block);
  }
  return Buffer.concat(frames);
}
