// HTML templates that escape every value, and tables that become cards in narrow windows.

import { count, printable } from '../../core/text.js';

/** Markup. Only the function `html` below creates it, so all values in it are escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type TemplateValue = string | number | Html | readonly Html[] | null;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Escapes text for elements and quoted attributes. Replaces control characters and direction marks by visible text. */
function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (found) => entities[found]!);
}

function markup(value: TemplateValue): string {
  if (value === null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return escaped(String(value));
}

/** Creates markup and escapes the inserted values. Attributes need double quotes. A null value adds nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Html {
  return new Html(strings.reduce((text, next, i) => text + markup(values[i - 1]!) + next));
}

/** Marks up a name. Isolates the name, so that its writing direction does not affect the text around the name. */
export function name(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** Joins parts with a separator. */
export function joined(parts: readonly Html[], separator: string): Html {
  return html`${parts.flatMap((part, i) => (i === 0 ? [part] : [html`${separator}`, part]))}`;
}

export interface HtmlColumn<T> {
  readonly head: string;
  /** True for numbers, which are aligned to the right. */
  readonly number?: boolean;
  readonly cell: (row: T) => Html | string;
}

/** Creates a table. In narrow windows, each cell shows the name of its column. */
export function table<T>(caption: string, columns: readonly HtmlColumn<T>[], rows: readonly T[]): Html {
  const kindOf = ({ number }: HtmlColumn<T>, i: number): string => (number ? 'number' : i === 0 ? 'lead' : '');
  const heads = columns.map((column, i) => html`<th scope="col" class="${kindOf(column, i)}">${column.head}</th>`);
  const lines = rows.map((row) => {
    const cells = columns.map(
      (column, i) => html`<td class="${kindOf(column, i)}" data-head="${column.head}">${column.cell(row)}</td>`,
    );
    return html`<tr>${cells}</tr>`;
  });
  return html`<table><caption>${caption}</caption><thead><tr>${heads}</tr></thead><tbody>${lines}</tbody></table>`;
}

/** Formats a number; a 0 is shown in a pale colour. */
export function figure(value: number, kind = ''): Html {
  return html`<span class="${value === 0 ? 'none' : kind}">${count(value)}</span>`;
}

/** Creates a line below a table about the rows that the table omits. */
export function more(text: string | null): Html | null {
  return text === null ? null : html`<p class="more">${text}</p>`;
}
