// Reads bodies of S3 responses up to a limit, and parses them with a conformant XML parser.

import type { XmlElement } from '@rgrove/parse-xml';
import type { WebResponse } from '../http/web-client.js';

/** Reads at most `maxBytes` of a body and drops the rest. Rejects with the network's error. */
export async function readText({ body }: WebResponse, maxBytes: number): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    parts.push(part as Buffer);
    length += (part as Buffer).length;
    if (length >= maxBytes) break;
  }
  return Buffer.concat(parts).toString('utf8', 0, maxBytes);
}

/** Returns the root element, or null for text that is not well-formed XML. */
export async function parseRoot(text: string): Promise<XmlElement | null> {
  const { parseXml } = await import('@rgrove/parse-xml');
  try {
    return parseXml(text).root;
  } catch {
    return null;
  }
}

export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child): child is XmlElement => 'name' in child && child.name === name);
}

/** Returns the text of the first child with this name; null without such a child. */
export function childText(element: XmlElement, name: string): string | null {
  return childrenOf(element, name)[0]?.text ?? null;
}
