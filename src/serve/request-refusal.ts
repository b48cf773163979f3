// How a request is refused. Thrown inside this room only and turned into an answer in one place (http.ts), since a
// refusal may arise at any depth of the parser and ends nothing but its request.

/** A refused request: HTTP status, CnosDB's six-digit code and text. */
export class RequestRefusal extends Error {
  readonly status: number;
  /** Null: the body is empty (404, 405, 413, 500). */
  readonly code: string | null;
  /** The real server panics here: the connection is closed without an answer. */
  readonly closes: boolean;

  constructor(status: number, code: string | null, message: string, closes = false) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.code = code;
    this.closes = closes;
  }

  /** The body of the answer. */
  body(): string {
    return this.code === null ? '' : JSON.stringify({ error_code: this.code, error_message: this.message });
  }
}

/** 422 with a code, what nearly every refusal is. */
export function refusal(code: string, message: string): RequestRefusal {
  return new RequestRefusal(422, code, message);
}

/** Line protocol that cannot be read: the whole body is refused. */
export function unreadable(message: string): RequestRefusal {
  return refusal('040004', `Error parsing message: ${message}`);
}

/** What the storage engine of the real server says while it applies a write. */
export function notApplied(message: string): RequestRefusal {
  return refusal('050014', `Apply engine failed: ${message}`);
}

export function noDatabase(name: string): RequestRefusal {
  return refusal('030017', `Database not found: "${name}"`);
}

export function noTable(database: string, table: string): RequestRefusal {
  return refusal('030019', `Table not found: "cnosdb.${database}.${table}"`);
}
