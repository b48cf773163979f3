// Extracts text of responses for messages. Every function takes linear and limited time, because the server may be
// hostile.

import { excerpt } from '../../core/text.js';

/** Only this many characters at the start of a page are searched for text. */
const maxMarkup = 64 * 1024;
/** Longest text of a response in a message, in bytes. */
const maxTextBytes = 120;
/** Longest text to which patterns are applied, in characters. */
const maxPatternText = 8192;

/** Returns the start of a body without markup, style sheets and scripts. Joins white space. */
export function plainText(body: string): string {
  const markup = body.slice(0, maxMarkup);
  const parts: string[] = [];
  for (let at = 0; at < markup.length; ) {
    const open = markup.indexOf('<', at);
    parts.push(markup.slice(at, open < 0 ? markup.length : open));
    if (open < 0) break;
    const close = markup.indexOf('>', endOfHidden(markup, open));
    if (close < 0) break;
    at = close + 1;
  }
  return parts.join(' ').replace(/\s+/g, ' ').trim();
}

/** If the tag at `open` begins a style sheet or script, returns the start of its end tag. Otherwise returns `open`. */
function endOfHidden(markup: string, open: number): number {
  const name = ['<style', '<script'].find((each) => markup.slice(open, open + each.length).toLowerCase() === each);
  if (name === undefined) return open;
  const endTag = `</${name.slice(1)}`;
  for (let at = markup.indexOf('</', open); at >= 0; at = markup.indexOf('</', at + 2)) {
    if (markup.slice(at, at + endTag.length).toLowerCase() === endTag) return at;
  }
  return markup.length;
}

/** Formats ` (text)`, shortened; returns an empty string for an empty text. */
export function inParentheses(text: string): string {
  return text === '' ? '' : ` (${excerpt(text, maxTextBytes)})`;
}

/** Shortens a long text to its start and end, so that searching it takes limited time. */
export function middleCut(text: string): string {
  if (text.length <= maxPatternText) return text;
  return `${text.slice(0, maxPatternText / 2)} … ${text.slice(-maxPatternText / 2)}`;
}

/** Parses JSON; returns undefined for text that is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Yields the samples of one metric on a Prometheus page: the text between the braces, and the value. */
export function* samples(page: string, metric: string): Generator<{ labels: string; value: string }> {
  const head = `${metric}{`;
  for (let at = 0; at < page.length; ) {
    const newline = page.indexOf('\n', at);
    const end = newline < 0 ? page.length : newline;
    if (page.startsWith(head, at)) {
      const line = page.slice(at + head.length, end);
      const close = line.lastIndexOf('} ');
      if (close >= 0) yield { labels: line.slice(0, close), value: line.slice(close + 2) };
    }
    at = end + 1;
  }
}
