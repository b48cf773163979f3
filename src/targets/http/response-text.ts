// Text of responses for people. Every function is linear in the text and bounded, because a hostile server writes it.

import { excerpt } from '../../core/text.js';

/** Longer markup is not searched for text. */
const maxMarkup = 64 * 1024;
/** Longest text in a message of ours, in bytes. */
const maxTextBytes = 120;
/** Longest text that patterns search, in characters. */
const maxPatternText = 8192;

/** The start of a body without markup, style sheets and scripts, its white space joined. */
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

/** Where the end tag of a style sheet or script begins; for other elements the start of the tag itself. */
function endOfHidden(markup: string, open: number): number {
  const name = ['<style', '<script'].find((each) => markup.slice(open, open + each.length).toLowerCase() === each);
  if (name === undefined) return open;
  const endTag = `</${name.slice(1)}`;
  for (let at = markup.indexOf('</', open); at >= 0; at = markup.indexOf('</', at + 2)) {
    if (markup.slice(at, at + endTag.length).toLowerCase() === endTag) return at;
  }
  return markup.length;
}

/** ` (text)`, shortened; empty without a text. */
export function inParentheses(text: string): string {
  return text === '' ? '' : ` (${excerpt(text, maxTextBytes)})`;
}

/** Head and tail of a long text, so that patterns take bounded time. */
export function middleCut(text: string): string {
  if (text.length <= maxPatternText) return text;
  return `${text.slice(0, maxPatternText / 2)} … ${text.slice(-maxPatternText / 2)}`;
}

/** Parses JSON; undefined for text that is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Samples of one metric on a Prometheus page: the text between the braces, and the value. */
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
