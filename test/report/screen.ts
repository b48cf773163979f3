// A terminal that knows just enough to tell what a person would see, and whether a line had to wrap.

const introducer = '\u001b';
const tokens = new RegExp(`${introducer}\\[[?\\d;]*[A-Za-z]|${introducer}.|[\\s\\S]`, 'g');
/** Colours, and line wrapping as it was. */
const harmless = /^\[(\?7h|\d+m)$/;

export class Screen {
  readonly #columns: number;
  readonly #lines: string[] = [''];
  #x = 0;
  raw = '';
  wrapped = false;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Lines as seen, without trailing blanks. */
  get lines(): string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  write(text: string): void {
    this.raw += text;
    for (const [token] of text.matchAll(tokens)) this.#token(token);
  }

  #token(token: string): void {
    const y = this.#lines.length - 1;
    const line = this.#lines[y] ?? '';
    if (token === '\n') {
      this.#lines.push('');
      this.#x = 0;
    } else if (token === '\r' || token === '\u001b[1G') this.#x = 0;
    else if (token === '\u001b[2K') this.#lines[y] = '';
    else if (token === '\u001b[0K') this.#lines[y] = line.slice(0, this.#x);
    else if (token.startsWith('\u001b')) {
      if (!harmless.test(token.slice(1))) throw new Error(`unexpected ${JSON.stringify(token)}`);
    } else {
      this.#lines[y] = line.slice(0, this.#x).padEnd(this.#x) + token + line.slice(this.#x + 1);
      if (++this.#x > this.#columns) this.wrapped = true;
    }
  }
}
