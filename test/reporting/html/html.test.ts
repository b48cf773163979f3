import { expect, test } from 'vitest';
import { html, joined, name } from '../../../src/reporting/html/html.js';
import { hostile } from './facts.js';

test('what is put into a template is text, and what a template made is not escaped twice', () => {
  const inner = html`<b>${'<&>'}</b>`;
  expect(html`<p title="${'"\''}">${inner}${null}${3}${[inner, inner]}</p>`.text).toBe(
    '<p title="&quot;&#39;"><b>&lt;&amp;&gt;</b>3<b>&lt;&amp;&gt;</b><b>&lt;&amp;&gt;</b></p>',
  );
});

test.each(hostile)('nothing of %j is markup', (text) => {
  const { text: shown } = html`<i title="${text}">${name(text)}</i>`;
  // Two tags of ours and the two of the name, with one attribute: nothing else.
  expect(shown.match(/[<>]/g)).toHaveLength(8);
  expect(shown.match(/["']/g)).toHaveLength(2);
});

test('controls and turns of direction are shown and not done', () => {
  expect(name('a\u202eb\u0000\nc').text).toBe('<bdi>a\\u202eb\\x00\\nc</bdi>');
});

test('parts are joined with text between them', () => {
  expect(joined([html`<b>1</b>`, html`2`], ' & ').text).toBe('<b>1</b> &amp; 2');
  expect(joined([], ', ').text).toBe('');
});
