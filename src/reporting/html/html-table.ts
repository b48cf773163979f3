// Tables that become cards where the window is narrow: each cell carries the name of its column.

import { count } from '../../core/text.js';
import { type Html, html } from './html.js';

export interface HtmlColumn<T> {
  readonly head: string;
  /** Numbers stand on the right. */
  readonly number?: boolean;
  readonly cell: (row: T) => Html | string;
}

export function table<T>(caption: string, columns: readonly HtmlColumn<T>[], rows: readonly T[]): Html {
  const heads = columns.map(
    ({ head, number }, i) => html`<th scope="col" class="${number ? 'number' : i === 0 ? 'lead' : ''}">${head}</th>`,
  );
  const lines = rows.map((row) => {
    const cells = columns.map(({ head, number, cell }, i) => {
      const kind = number ? 'number' : i === 0 ? 'lead' : '';
      return html`<td class="${kind}" data-head="${head}">${cell(row)}</td>`;
    });
    return html`<tr>${cells}</tr>`;
  });
  return html`<table><caption>${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${lines}</tbody></table>`;
}

/** A number; nothing much is made of none. */
export function figure(value: number, kind = ''): Html {
  return html`<span class="${value === 0 ? 'none' : kind}">${count(value)}</span>`;
}

export function more(text: string | null): Html | null {
  return text === null ? null : html`<p class="more">${text}</p>`;
}
