// Points that arrive in many chunks are not read again with each chunk.

import { expect, test, vi } from 'vitest';
import type { ByteSource } from '../../../src/core/types/index.js';
import { PointReader } from '../../../src/formats/line-protocol/exact/point-reader.js';
import { LineProtocol } from '../../../src/formats/line-protocol/line-format.js';

const never = new AbortController().signal;

function source(text: string): ByteSource {
  const bytes = Buffer.from(text);
  let at = 0;
  return {
    bytesRead: bytes.length,
    compression: 'none',
    close: async () => {},
    read: async (into) => {
      const read = bytes.copy(into, 0, at);
      at += read;
      return read;
    },
  };
}

test('a point that spans a hundred chunks is scanned only at its start and at its end', async () => {
  const looks = vi.spyOn(PointReader.prototype, 'read');
  const format = new LineProtocol({
    ...{ maxPointBytes: 20_000, precision: 'ns', missingTimestamp: 'reject', chunkBytes: 100 },
    kernel: false,
  });
  let points = 0;
  const text = `m f=1 1\nm f="${'x'.repeat(10_000)}" 2\n\n \r\n\nm f=3 3\n`;
  for await (const run of format.points(source(text), never)) {
    points += run.count;
    if (run.count > 0 && points === 3) expect(run.firstLine + run.index[(run.count - 1) * 8 + 4]!).toBe(6);
  }
  expect(points).toBe(3);
  expect(looks.mock.calls.length).toBeLessThan(10);
  looks.mockRestore();
});
