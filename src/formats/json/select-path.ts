// Selects the values at --json-path with stream-json and writes one line per element. Numbers keep all digits. Offsets
// count the bytes of these lines instead of the bytes of the input.

import { none } from 'stream-chain';
import exec from 'stream-chain/exec.js';
import { pick } from 'stream-json/filters/pick.js';
import { jsonParser, type Token } from 'stream-json/parser.js';
import { InputError } from '../../core/errors.js';
import { wrapSource } from '../../core/io/byte-source.js';
import type { ByteSource } from '../../core/types/index.js';

/** Size of one read of the input, bytes. The lines that each read yields have about the same total size. */
const chunkBytes = 64 * 1024;

/**
 * Returns a source with one line per row. Rows are the elements of the lists at `path` (such as `data.items` or
 * `0.rows`), or the objects at `path`. A read rejects with InputError if the JSON is invalid or `path` does not occur.
 */
export function selectPath(source: ByteSource, path: string, name: string): ByteSource {
  const lines = new ElementLines();
  return tokenSource(source, name, [pick({ filter: path })], {
    token: (token) => lines.add(token),
    take: () => lines.take(),
    end: () => {
      if (!lines.isEmpty) return;
      throw new InputError({
        tried: `reading ${name}`,
        expected: `a list or an object at ${path} (--json-path)`,
        found: 'nothing at this path in the whole input',
        fix: 'set --json-path to the path of the rows, such as data.items',
      });
    },
  });
}

/** Converts JSON tokens into text. */
export interface TokenSink {
  token(token: Token): void;
  /** Returns the text produced since the last call. */
  take(): string;
  /** Called at the end of the input. Throws InputError if the input was not as expected. */
  end(): void;
}

/** Returns a source of text. Each JSON token that the `filters` let through goes to `sink`, which produces the text. */
export function tokenSource(
  source: ByteSource,
  name: string,
  filters: readonly Parameters<typeof exec>[number][],
  sink: TokenSink,
): ByteSource {
  let texts: AsyncGenerator<string, void> | null = null;
  let rest = Buffer.alloc(0);
  return wrapSource(source, {
    async read(into: Uint8Array, signal: AbortSignal) {
      texts ??= textsOf(source, name, filters, sink, signal);
      if (rest.length === 0) {
        const next = await texts.next();
        if (next.done) return 0;
        rest = Buffer.from(next.value);
      }
      const length = rest.copy(into);
      rest = rest.subarray(length);
      return length;
    },
    close: async () => {
      await texts?.return();
      await source.close();
    },
    seek: undefined,
    file: undefined,
  });
}

/** Runs parser and filters synchronously on each chunk, because stream-json's own streams are 7 times slower. */
async function* textsOf(
  source: ByteSource,
  name: string,
  filters: readonly Parameters<typeof exec>[number][],
  sink: TokenSink,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  const parser = jsonParser({ packValues: true, streamValues: false, jsonStreaming: true });
  const run = exec(parser, ...filters);
  const push = (token: Token): void => sink.token(token);
  const text = new TextDecoder('utf-8', { fatal: true });
  const chunk = new Uint8Array(chunkBytes);
  for (let read = -1; read !== 0; ) {
    read = await source.read(chunk, signal);
    try {
      const part = text.decode(chunk.subarray(0, read), { stream: read !== 0 });
      if (part !== '') await run(part, push);
      if (read === 0) await run(none, push);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw invalidJson(name, error);
    }
    const made = sink.take();
    if (made !== '') yield made;
  }
  sink.end();
}

function invalidJson(name: string, cause: unknown): InputError {
  return new InputError(
    {
      tried: `reading ${name}`,
      expected: 'valid JSON',
      found: cause instanceof Error ? cause.message : String(cause),
      fix: 'fetch or create the file again',
    },
    { cause },
  );
}

/** Writes each element of a selected list as a line, or the selected value itself if it is not a list. */
class ElementLines {
  isEmpty = true;
  #text = '';
  #depth = 0;
  /**
   * Nesting depth of the elements: 1 for the elements of a selected list, 0 for a selected value that is not a list.
   */
  #elementDepth = 0;
  #needsComma = false;

  add(token: Token): void {
    this.isEmpty = false;
    switch (token.name) {
      case 'startObject':
        this.#open('{');
        return;
      case 'startArray':
        if (this.#depth === 0) this.#depth = this.#elementDepth = 1;
        else this.#open('[');
        return;
      case 'endObject':
        this.#close('}');
        return;
      case 'endArray':
        if (this.#depth === this.#elementDepth) this.#depth = this.#elementDepth = 0;
        else this.#close(']');
        return;
      case 'keyValue':
        this.#text += `${this.#needsComma ? ',' : ''}${JSON.stringify(token.value)}:`;
        this.#needsComma = false;
        return;
      case 'stringValue':
        this.#value(JSON.stringify(token.value));
        return;
      case 'numberValue':
      case 'trueValue':
      case 'falseValue':
      case 'nullValue':
        this.#value(String(token.value));
        return;
      // The options in `textsOf` keep the parser from emitting the following tokens.
      case 'startKey':
      case 'endKey':
      case 'startString':
      case 'endString':
      case 'stringChunk':
      case 'startNumber':
      case 'endNumber':
      case 'numberChunk':
      case 'whitespace':
    }
  }

  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #open(bracket: string): void {
    this.#text += this.#needsComma ? `,${bracket}` : bracket;
    this.#needsComma = false;
    this.#depth++;
  }

  #close(bracket: string): void {
    this.#depth--;
    this.#text += bracket;
    this.#endValue();
  }

  #value(text: string): void {
    this.#text += this.#needsComma ? `,${text}` : text;
    this.#endValue();
  }

  #endValue(): void {
    this.#needsComma = this.#depth > this.#elementDepth;
    if (!this.#needsComma) this.#text += '\n';
  }
}
