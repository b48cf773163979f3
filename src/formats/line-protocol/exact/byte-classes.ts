// What each byte means inside a name, by the kind of name.

export const ORDINARY = 0;
export const STOP = 1;
export const BACKSLASH = 2;
export const HIGH = 3;
export const CONTROL = 4;
export const SLASH = 5;
/** `=` where it ends nothing. */
export const EQUALS = 6;

function table(special: Record<string, number>): Uint8Array {
  const classes = new Uint8Array(256);
  classes.fill(CONTROL, 0, 0x20).fill(CONTROL, 0x7f, 0x80).fill(HIGH, 0x80);
  const all = { '\n': STOP, '\r': STOP, ' ': STOP, ',': STOP, '\\': BACKSLASH, ...special };
  for (const [character, meaning] of Object.entries(all)) classes[character.charCodeAt(0)] = meaning;
  return classes;
}

export const measurementClasses = table({ '=': EQUALS, '/': SLASH });
/** Where a slash is a byte like any other. */
export const slashClasses = table({ '=': EQUALS });
export const keyClasses = table({ '=': STOP });
export const tagValueClasses = table({ '=': EQUALS });

/** In strings, everything but quotes, escapes, line ends (they are counted), NUL and multi-byte characters is plain. */
export const stringClasses = new Uint8Array(256).fill(HIGH, 0x80);
stringClasses[0x00] = CONTROL;
stringClasses[0x0a] = STOP;
stringClasses[0x22] = STOP;
stringClasses[0x5c] = BACKSLASH;
