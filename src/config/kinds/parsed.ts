// The zod types on which every kind of option value builds. The description of a type completes the message "expected
// …".

import { z } from 'zod';

/** Text from a flag or variable, or a number from a config file. */
export const scalar = z.union([z.string().trim(), z.number().transform(String)]);

/** Parses text; null from `parse` means that the text is invalid. */
export function parsed<T, Input>(text: z.ZodType<string, Input>, expected: string, parse: (text: string) => T | null) {
  return text
    .transform((value, context) => {
      const result = parse(value);
      if (result !== null) return result;
      context.addIssue({ code: 'custom' });
      return z.NEVER;
    })
    .describe(expected);
}

/** Parses a list from one text or several texts. A repeated flag and a list in a config file give several texts. */
export function list<T>(split: (text: string) => string[], item: z.ZodType<T, string>, expected: string) {
  return z
    .union([z.string().transform((text) => [text]), z.array(z.string())])
    .transform((texts) => texts.flatMap(split).filter((text) => text !== ''))
    .pipe(z.array(item).min(1))
    .describe(expected);
}

/** Parses text. If the text is invalid, `parse` returns a phrase. The error shows this phrase as the expected value. */
export function explained<T extends object>(parse: (text: string) => T | string) {
  return z.string().transform((text, context): T => {
    const result = parse(text);
    if (typeof result !== 'string') return result;
    context.addIssue({ code: 'custom', params: { expected: result } });
    return z.NEVER;
  });
}
