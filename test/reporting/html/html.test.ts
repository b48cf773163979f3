import { expect, test } from 'vitest';
import { html, joined, name } from '../../../src/reporting/html/html.js';
import { hostile } from './facts.js';

test('templates escape values once and keep markup of other templates', () => {
  const inner = html`<b>${'<&>'}</b>`;
  expect(html`<p title="${'"\''}">${inner}${null}${3}${[inner, inner]}</p>`.text).toBe(
    '<p title="&quot;&#39;"><b>&lt;&amp;&gt;</b>3<b>&lt;&amp;&gt;</b><b>&lt;&amp;&gt;</b></p>',
  );
});

test.each(hostile)('no part of %j becomes markup', (text) => {
  const { text: shown } = html`<i title="${text}">${name(text)}</i>`;
  // Four tags of ours with one attribute, and no other.
  expect(shown.match(/[<>]/g)).toHaveLength(8);
  expect(shown.match(/["']/g)).toHaveLength(2);
});

test('control and direction characters become visible', () => {
  expect(name('a\u202eb\u0000\nc').text).toBe('<bdi>a\\u202eb\\x00\\nc</bdi>');
});

test('joined parts have the escaped separator between them', () => {
  expect(joined([html`<b>1</b>`, html`2`], ' & ').text).toBe('<b>1</b> &amp; 2');
  expect(joined([], ', ').text).toBe('');
});
