// Refusals of requests. Code at any depth throws refusals, and http/http-server.ts turns them into responses.

/** A refused request: HTTP status, CnosDB's six-digit code and text. */
export class RequestRefusal extends Error {
  readonly status: number;
  /** Code of the error. If null, the body of the response is empty (404, 405, 413, 500). */
  readonly code: string | null;
  /** True to close the connection without a response, as CnosDB does when it panics. */
  readonly closes: boolean;

  constructor(status: number, code: string | null, message: string, closes = false) {
    super(message);
    this.name = 'RequestRefusal';
    this.status = status;
    this.code = code;
    this.closes = closes;
  }

  /** The body of the response. */
  body(): string {
    return this.code === null ? '' : JSON.stringify({ error_code: this.code, error_message: this.message });
  }
}

/** Builds the usual refusal: status 422 with a code. */
export function refusal(code: string, message: string): RequestRefusal {
  return new RequestRefusal(422, code, message);
}

/** Builds the refusal of a body that is not valid line protocol. */
export function unreadable(message: string): RequestRefusal {
  return refusal('040004', `Error parsing message: ${message}`);
}

/** Builds the refusal that the storage engine of CnosDB gives. */
export function notApplied(message: string): RequestRefusal {
  return refusal('050014', `Apply engine failed: ${message}`);
}

export function noDatabase(name: string): RequestRefusal {
  return refusal('030017', `Database not found: "${name}"`);
}

export function noTable(database: string, table: string): RequestRefusal {
  return refusal('030019', `Table not found: "cnosdb.${database}.${table}"`);
}
