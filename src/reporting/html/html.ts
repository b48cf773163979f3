// Markup that cannot be broken out of: whatever is put into a template is text, unless a template made it.

import { printable } from '../../core/printable.js';

/** Made by `html` alone. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type TemplateValue = string | number | Html | readonly Html[] | null;

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** As text and within quotes. Characters that would act (controls, turns of direction) are shown instead. */
function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (found) => entities[found]!);
}

function markup(value: TemplateValue): string {
  if (value === null) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('');
  return escaped(String(value));
}

/** Values are escaped; attributes must stand in double quotes. Null is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly TemplateValue[]): Html {
  return new Html(strings.reduce((text, next, i) => text + markup(values[i - 1]!) + next));
}

/** A name from outside: it may be in a script that runs the other way. */
export function name(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** With something between each two. */
export function joined(parts: readonly Html[], between: string): Html {
  return html`${parts.flatMap((part, i) => (i === 0 ? [part] : [html`${between}`, part]))}`;
}
