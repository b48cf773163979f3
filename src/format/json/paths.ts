// Names of the columns of one object, nested ones by their path.

/** Null when the text is no JSON object. */
export function pathsOf(text: Uint8Array): string[] | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.length).toString());
  } catch {
    return null;
  }
  return isObject(value) && !Array.isArray(value) ? paths(value, '') : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function paths(value: Record<string, unknown>, before: string): string[] {
  return Object.entries(value).flatMap(([key, member]) =>
    isObject(member) ? paths(member, `${before}${key}.`) : [`${before}${key}`],
  );
}
