// Parses addresses of the form HOST:PORT: `127.0.0.1:9100`, `[::1]:9100`, `:0`.

export interface Address {
  readonly host: string;
  /** Port number; 0 means any free port. */
  readonly port: number;
}

/** Parses an address. A missing host means loopback. Returns null for any other text. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return null;
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port };
}
