import { createHash } from 'node:crypto';
import { type Html, html } from './html.js';
import { style } from './style.js';

/** Renders a whole page, which loads nothing from the network. */
export function htmlDocument(title: string, version: string, body: Html): string {
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`;
  // The style sheet is not escaped, because the text is our own and browsers do not decode entities in style sheets.
  const sheet = `<style>${style}`;
  const head = html`<!doctype html>
<!-- a report of bulk-load -->
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark"><meta name="generator" content="bulk-load ${version}"><title>${title}</title>`;
  const main = html`<body><main>${body}</main></body></html>
`;
  return `${head.text}${sheet}</style></head>${main.text}`;
}
