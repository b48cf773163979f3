import { TextDecoder } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodingNamed } from '../../../src/core/io/encoding.js';
import { withEncoding } from '../../../src/inputs/encoding/utf8-source.js';
import { openPath } from '../../../src/inputs/open.js';
import { skipBytes } from '../../../src/inputs/skip.js';
import { drain, type Folder, folder, never } from '../support.js';

let temp: Folder;
beforeAll(() => {
  temp = folder();
});
afterAll(() => temp.remove());

/** Opens a file with these bytes in an encoding. */
async function open(bytes: Uint8Array, label: string) {
  const path = temp.file('input', bytes);
  const [input] = withEncoding(
    [{ name: path, path, size: bytes.length, open: (signal) => openPath(path, path, signal) }],
    encodingNamed(label)!,
  );
  return await input!.open(never);
}

const read = async (bytes: Uint8Array, label: string, size?: number): Promise<string> =>
  (await drain(await open(bytes, label), size)).toString();

/** Texts with a character of three bytes of UTF-8, or two, for each byte of the encoding. */
const samples: Readonly<Record<string, readonly [hex: string, text: string]>> = {
  latin1: ['80e4', '€ä'],
  cp1252: ['9991', '™‘'],
  ascii: ['41', 'A'],
  'iso-8859-2': ['b1', 'ą'],
  'iso-8859-15': ['a4', '€'],
  'iso-8859-16': ['a480aa', '€\x80Ș'],
  'windows-1250': ['9c', 'ś'],
  cp1251: ['cfd0c8', 'ПРИ'],
  'koi8-r': ['f0d2c9', 'При'],
  ibm866: ['8fe0a8', 'При'],
  macintosh: ['8af0', 'ä\uf8ff'],
  'x-user-defined': ['80ff', '\uf780\uf7ff'],
  'windows-874': ['a1', 'ก'],
  shift_jis: ['93fa967b', '日本'],
  sjis: ['b1', 'ｱ'],
  'euc-jp': ['c6fccbdc', '日本'],
  'iso-2022-jp': ['1b2442467c4b5c1b284241', '日本A'],
  gbk: ['d6d0b9fa', '中国'],
  gb2312: ['d6d0', '中'],
  gb18030: ['d6d08139ee39', '中㐀'],
  big5: ['a4a4', '中'],
  'euc-kr': ['c7d1b1b9', '한국'],
  'utf-16le': ['ac203dd800de', '€😀'],
  unicode: ['ac20', '€'],
  'utf-16be': ['20acd83dde00', '€😀'],
};

describe.each(Object.entries(samples))('text in %s', (label, [hex, text]) => {
  const bytes = Buffer.from(hex, 'hex');

  test('becomes UTF-8, however it is read', async () => {
    const many = Buffer.concat(Array.from({ length: 700 }, () => bytes));
    expect(await read(many, label)).toBe(text.repeat(700));
    expect(await read(many, label, 1)).toBe(text.repeat(700));
    expect(await read(many, label, 1025)).toBe(text.repeat(700));
  });

  test('can be read again from any offset in its UTF-8', async () => {
    const whole = await drain(await open(bytes, label));
    for (let offset = 1; offset <= whole.length; offset++) {
      const source = await open(bytes, label);
      await skipBytes(source, offset, 'input', never);
      expect(await drain(source)).toEqual(whole.subarray(offset));
    }
  });
});

test('every single byte is decoded as the standard defines', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (const label of ['iso-8859-3', 'iso-8859-6', 'koi8-u', 'windows-1251', 'windows-1257', 'x-mac-cyrillic']) {
    const expected = new TextDecoder(label).decode(bytes).replaceAll('\ufffd', '\xff');
    const found = (await drain(await open(bytes, label))).toString('latin1');
    const marked = Buffer.from(expected.replaceAll('\xff', '\0')).toString('latin1');
    expect(found.replaceAll('\xff', '\0')).toBe(marked);
  }
});

test('a malformed part becomes the byte FF, which rejects its row', async () => {
  const bad: Readonly<Record<string, readonly [hex: string, result: string]>> = {
    'windows-1255': ['41d942', '41ff42'],
    'windows-874': ['41db42', '41ff42'],
    'iso-8859-8': ['41a142', '41ff42'],
    shift_jis: ['41ff42', '41ff42'],
    big5: ['41886242', '41ff42'],
    'euc-kr': ['4181a142', '41ffff42'],
    'utf-16le': ['410000d84200', '41ff42'],
    'utf-16be': ['0041dc000042d8', '41ff42ff'],
  };
  for (const [label, [hex, result]] of Object.entries(bad)) {
    const source = await open(Buffer.from(hex, 'hex'), label);
    expect((await drain(source)).toString('hex'), label).toBe(result);
  }
  expect(await read(Buffer.from('fdff', 'hex'), 'utf-16le')).toBe('\ufffd');
});

test('a byte order mark overrides --encoding', async () => {
  expect(await read(Buffer.from('\ufeffä€'), 'windows-1252')).toBe('\ufeffä€');
  expect(await read(Buffer.from('\ufeffä€', 'utf16le'), 'windows-1252')).toBe('ä€');
  expect(await read(Buffer.from('\ufeffä€', 'utf16le').swap16(), 'shift_jis')).toBe('ä€');
});

test('any text in UTF-16 is read exactly at any sizes of reads', async () => {
  const anyText = fc.string({ unit: fc.constantFrom('a', '\n', 'é', '€', '\ufffd', '😀', '\ufeff'), maxLength: 2000 });
  await fc.assert(
    fc.asyncProperty(anyText, fc.boolean(), fc.integer({ min: 1, max: 3000 }), async (text, isBig, size) => {
      const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
      expect(await read(isBig ? bytes.swap16() : bytes, 'utf-8', size)).toBe(text);
    }),
    { numRuns: 40 },
  );
});

test('labels are those of the standard', () => {
  expect(['Latin1', ' cp1252 ', 'us-ascii'].map(encodingNamed)).toEqual(Array(3).fill('windows-1252'));
  expect(['utf8', 'ucs-2', 'x-sjis'].map(encodingNamed)).toEqual(['utf-8', 'utf-16le', 'shift_jis']);
  expect(['cp850', 'utf-7', 'iso-2022-kr', ''].map(encodingNamed)).toEqual(Array(4).fill(null));
});
