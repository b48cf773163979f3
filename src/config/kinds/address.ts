// HOST:PORT as a user types it: `127.0.0.1:9100`, `[::1]:9100`, `:0`.

export interface Address {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** Reads an address; a missing host means loopback. Null for any other text. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return null;
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port };
}
