// Model of a terminal: the lines that a person sees, and whether one wrapped.

const introducer = '\u001b';
const tokens = new RegExp(`${introducer}\\[[?\\d;]*[A-Za-z]|${introducer}.|[\\s\\S]`, 'g');
const upwards = new RegExp(`^${introducer}\\[(\\d+)A$`);
/** Colours and modes of line wrapping. */
const harmless = /^\[(\?7[hl]|\d+m)$/;

export class Screen {
  #columns: number;
  readonly #lines: string[] = [''];
  #x = 0;
  #y = 0;
  #saved = { x: 0, y: 0 };
  readonly isTTY = true;
  raw = '';
  wrapped = false;

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** Lines without trailing spaces. */
  get lines(): string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  /** Makes the terminal narrower and wraps the last line; the cursor stays after the same character. */
  narrow(columns: number): void {
    const line = this.#lines.pop() ?? '';
    const rows = Array.from({ length: Math.max(1, Math.ceil(line.length / columns)) }, (_, i) =>
      line.slice(i * columns, (i + 1) * columns),
    );
    this.#lines.push(...rows);
    this.#y = this.#lines.length - 1;
    this.#x = rows.at(-1)!.length;
    this.#columns = columns;
  }

  get columns(): number {
    return this.#columns;
  }

  write(text: string): void {
    this.raw += text;
    for (const [token] of text.matchAll(tokens)) this.#token(token);
  }

  #token(token: string): void {
    const y = this.#y;
    const line = this.#lines[y] ?? '';
    const up = upwards.exec(token);
    if (token === '\n') {
      this.#y += 1;
      if (this.#y === this.#lines.length) this.#lines.push('');
      this.#x = 0;
    } else if (token === '\r' || token === '\u001b[1G') this.#x = 0;
    else if (token === '\u001b7') this.#saved = { x: this.#x, y: this.#y };
    else if (token === '\u001b8') {
      this.#x = this.#saved.x;
      this.#y = this.#saved.y;
    } else if (token === '\u001b[2K') this.#lines[y] = '';
    else if (token === '\u001b[0K') this.#lines[y] = line.slice(0, this.#x);
    else if (token === '\u001b[0J') this.#lines.splice(y, this.#lines.length, line.slice(0, this.#x));
    else if (up !== null) this.#y = Math.max(0, y - Number(up[1]));
    else if (token.startsWith(introducer)) {
      if (!harmless.test(token.slice(1))) throw new Error(`unexpected ${JSON.stringify(token)}`);
    } else {
      this.#lines[y] = line.slice(0, this.#x).padEnd(this.#x) + token + line.slice(this.#x + 1);
      if (++this.#x > this.#columns) this.wrapped = true;
    }
  }
}
