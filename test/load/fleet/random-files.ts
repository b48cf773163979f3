// Random inputs with everything that makes a line end ambiguous: strings and cells that hold some, CRLF, comments, rejects, and a
// last line without its end.

export interface RandomFile {
  readonly name: string;
  readonly content: string;
  readonly flags: Readonly<Record<string, unknown>>;
}

/** Mulberry32: a small generator with a seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const rows = { measurement: 'cpu', tags: 'host' };
const start = 1_700_000_000_000_000_000n;

type Writer = (i: number, random: () => number) => string;

const lineProtocol: Writer = (i, random) => {
  const time = start + BigInt(i);
  const kind = random();
  if (kind < 0.1) return `m,t=a s="x\nevil v=1 1700000000000000000\ny" ${time}`;
  if (kind < 0.15) return '# a comment';
  if (kind < 0.2) return '';
  if (kind < 0.27) return 'm,t=a f= 17';
  if (kind < 0.3) return `m s="never ends ${time}`;
  if (kind < 0.33) return `m,t=b n${i}=${i}i ${time}`;
  if (kind < 0.36) return `m,t=c f="a string after a number" ${time}`;
  return `m,t=${i % 5} f=${i}.5 ${time}`;
};

const csv: Writer = (i, random) => {
  const time = start + BigInt(i);
  const kind = random();
  if (kind < 0.1) return `h${i % 3},"two\nlines",${i},${time}`;
  if (kind < 0.15) return 'h,1';
  if (kind < 0.2) return `h,"bad" quote,${i},${time}`;
  if (kind < 0.25) return '';
  if (kind < 0.3) return `h${i % 3},,oops,${time}`;
  return `h${i % 3},word ${i},${i},${time}`;
};

const ndjson: Writer = (i, random) => {
  const row = (extra: object): string =>
    JSON.stringify({ time: 0, host: `h${i % 3}`, ...extra }).replace('"time":0', `"time":${start + BigInt(i)}`);
  const kind = random();
  if (kind < 0.1) return row({ s: 'x\n{"evil":1}' });
  if (kind < 0.15) return '{"half": ';
  if (kind < 0.2) return `${row({ v: i })} ${row({ w: i }).replace('"host":"h', '"host":"g')}`;
  if (kind < 0.25) return row({ v: 'not a number' });
  if (kind < 0.3) return row({ [`n${i}`]: true });
  if (kind < 0.33) return '';
  return row({ v: i });
};

/** Makes a file of 1 to 400 rows. */
export function randomFile(seed: number): RandomFile {
  const random = randomOf(seed);
  const count = 1 + Math.floor(random() * 400);
  const lineEnd = random() < 0.3 ? '\r\n' : '\n';
  const [ending, writer, head, flags] = (
    [
      ['lp', lineProtocol, '', {}],
      ['csv', csv, `host,s,v,time${lineEnd}`, { ...rows, fields: 's:string,v:float' }],
      // Without --format, a file whose first line is half an object is one JSON document.
      ['ndjson', ndjson, '', { ...rows, format: 'ndjson' }],
    ] as const
  )[seed % 3]!;
  const body = Array.from({ length: count }, (_, i) => writer(i, random) + lineEnd).join('');
  const whole = head + body;
  const cut = random();
  // Without its last line end, or cut within the last line.
  const content = cut < 0.3 ? whole.trimEnd() : cut < 0.5 ? whole.slice(0, -Math.ceil(random() * 12)) : whole;
  return { name: `${seed}.${ending}`, content, flags };
}
