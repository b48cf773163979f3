// Tokens of SQL text, and a cursor that parses statements of CnosDB's dialect.

import { type RequestRefusal, refusal } from '../request-refusal.js';

export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol';
  /** The token's source text. */
  readonly text: string;
  /** The token's meaning: words in lower case, texts without quotes. */
  readonly value: string;
}

const pattern =
  /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<quoted>"(?:[^"]|"")*")|(?<string>'(?:[^']|'')*')|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<symbol><=|>=|<>|!=|\|\||::|[\s\S])/gu;

export function tokenize(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (const match of sql.matchAll(pattern)) {
    const groups = match.groups ?? {};
    const kind = (['word', 'quoted', 'string', 'number', 'symbol'] as const).find((name) => groups[name] !== undefined);
    if (kind !== undefined) tokens.push({ kind, text: match[0], value: meaning(kind, match[0]) });
  }
  return tokens;
}

function meaning(kind: SqlToken['kind'], text: string): string {
  if (kind === 'word') return text.toLowerCase();
  if (kind === 'quoted') return text.slice(1, -1).replaceAll('""', '"');
  return kind === 'string' ? text.slice(1, -1).replaceAll("''", "'") : text;
}

/** Splits tokens into statements. Drops empty statements. */
export function statements(tokens: readonly SqlToken[]): SqlToken[][] {
  const found: SqlToken[][] = [[]];
  for (const token of tokens) {
    if (token.text === ';') found.push([]);
    else found.at(-1)?.push(token);
  }
  return found.filter((statement) => statement.length > 0);
}

/** Reads one statement from left to right. The errors have the wording of CnosDB. */
export class TokenCursor {
  readonly #tokens: readonly SqlToken[];
  #at = 0;

  constructor(tokens: readonly SqlToken[]) {
    this.#tokens = tokens;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** If all these words come next, consumes them and returns true. Otherwise consumes nothing and returns false. */
  accept(...words: readonly string[]): boolean {
    const fits = words.every((word, i) => {
      const token = this.#tokens[this.#at + i];
      return token?.value === word && (token.kind === 'word' || token.kind === 'symbol');
    });
    if (fits) this.#at += words.length;
    return fits;
  }

  expect(...words: readonly string[]): void {
    if (!this.accept(...words)) throw this.expected(words.join(' ').toUpperCase());
  }

  next(expected: string): SqlToken {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.expected(expected);
    this.#at++;
    return token;
  }

  name(): string {
    const token = this.next('identifier');
    if (token.kind === 'word' || token.kind === 'quoted' || token.kind === 'string') return token.value;
    this.#at--;
    throw this.expected('identifier');
  }

  /** Reads names up to a closing parenthesis. */
  nameList(): string[] {
    const names = [this.name()];
    while (this.accept(',')) names.push(this.name());
    this.expect(')');
    return names;
  }

  end(): void {
    if (!this.done) throw this.expected('end of statement');
  }

  rest(): readonly SqlToken[] {
    return this.#tokens.slice(this.#at);
  }

  expected(what: string): RequestRefusal {
    return syntaxError(`Expected ${what}, found: ${this.#tokens[this.#at]?.text ?? 'EOF'}`);
  }
}

export function syntaxError(message: string): RequestRefusal {
  return refusal('010009', `sql parser error: ${message}`);
}
