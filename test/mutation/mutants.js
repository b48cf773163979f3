// Finds the mutants of a TypeScript source, and renders all of them into one module that switches between them at run
// time: `(__mutant(7) ? a <= b : a < b)`.

import { parseAst } from 'rolldown/parseAst';

const swaps = new Map(
  Object.entries({
    '<': ['<=', '>='],
    '<=': ['<', '>'],
    '>': ['>=', '<='],
    '>=': ['>', '<'],
    '===': ['!=='],
    '!==': ['==='],
    '+': ['-'],
    '-': ['+'],
    '*': ['/'],
    '/': ['*'],
    '%': ['*'],
    '**': ['*'],
    '&': ['|'],
    '|': ['&'],
    '<<': ['>>'],
    '>>': ['<<'],
    '&&': ['||'],
    '||': ['&&'],
    '+=': ['-='],
    '-=': ['+='],
    '*=': ['/='],
    '/=': ['*='],
    '||=': ['&&='],
    '&&=': ['||='],
    '++': ['--'],
    '--': ['++'],
  }),
);
const methods = new Map(
  Object.entries({ min: 'max', max: 'min', some: 'every', every: 'some', floor: 'ceil', ceil: 'floor' }),
);
/** Expressions of TypeScript that hold a value. Its other nodes are types. */
const valuesOfTypeScript = new Set(['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression']);

/**
 * Lists the mutants of a source, in order of their place. Each replaces [start, end) by `to`; a statement is removed.
 * Texts are left alone: messages are not what mutants are for.
 */
export function mutantsOf(source) {
  const found = [];
  const text = ({ start, end }) => source.slice(start, end);
  const add = (node, to, change, kind = 'expression') => {
    const line = source.slice(0, node.start).split('\n').length;
    found.push({ start: node.start, end: node.end, to, line, change, kind });
  };
  const operator = (node, left, right) => {
    if (isText(left) || isText(right)) return;
    // Parentheses around an operand are no nodes.
    const between = source.slice(left.end, right.start);
    for (const to of swaps.get(node.operator) ?? []) {
      const swapped = between.replace(node.operator, to);
      add(
        node,
        source.slice(node.start, left.end) + swapped + source.slice(right.start, node.end),
        `${node.operator} → ${to}`,
      );
    }
  };
  const condition = (test, values) => {
    for (const value of values) add(test, value, `${text(test)} → ${value}`);
  };
  const visitors = {
    BinaryExpression: (node) => operator(node, node.left, node.right),
    LogicalExpression: (node) => {
      if (node.operator === '??') add(node, text(node.left), `${text(node)} → ${text(node.left)}`);
      else operator(node, node.left, node.right);
    },
    AssignmentExpression: (node) => {
      if (node.operator === '??=') add(node, `${text(node.left)} = ${text(node.right)}`, `${node.operator} → =`);
      else operator(node, node.left, node.right);
    },
    UpdateExpression: (node, parent) => {
      // A loop that counts the wrong way never ends, which tells nothing about its tests.
      if (parent.type === 'ForStatement') return;
      const [to] = swaps.get(node.operator);
      add(
        node,
        node.prefix ? `${to}${text(node.argument)}` : `${text(node.argument)}${to}`,
        `${node.operator} → ${to}`,
      );
    },
    UnaryExpression: (node) => {
      if (node.operator === '!' || node.operator === '-')
        add(node, text(node.argument), `${text(node)} → ${text(node.argument)}`);
    },
    ConditionalExpression: ({ test }) => condition(test, ['true', 'false']),
    IfStatement: ({ test }) => condition(test, ['true', 'false']),
    WhileStatement: ({ test }) => condition(test, ['false']),
    ForStatement: ({ test }) => {
      if (test) condition(test, ['false']);
    },
    Literal: (node) => {
      if (typeof node.value === 'number') add(node, `${text(node)} + 1`, `${text(node)} → ${text(node)} + 1`);
      if (typeof node.value === 'bigint') add(node, `${text(node)} + 1n`, `${text(node)} → ${text(node)} + 1n`);
      if (typeof node.value === 'boolean') add(node, `${!node.value}`, `${node.value} → ${!node.value}`);
    },
    CallExpression: (node) => {
      const { callee } = node;
      if (callee.type !== 'MemberExpression' || callee.computed) return;
      const to = methods.get(callee.property.name);
      if (to === undefined) return;
      const rest = source.slice(callee.property.end, node.end);
      add(node, `${source.slice(node.start, callee.property.start)}${to}${rest}`, `${callee.property.name} → ${to}`);
    },
    ExpressionStatement: (node) => {
      if (node.directive === undefined && !/^super\b/.test(text(node)))
        add(node, '', `removed: ${text(node)}`, 'statement');
    },
    ThrowStatement: (node) => add(node, '', `removed: ${text(node)}`, 'statement'),
  };
  const walk = (node, parent) => {
    if (node.type.startsWith('TS') && !valuesOfTypeScript.has(node.type)) return;
    visitors[node.type]?.(node, parent);
    for (const [key, value] of Object.entries(node)) {
      if (isNoValue(node, key)) continue;
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child !== null && typeof child?.type === 'string') walk(child, node);
      }
    }
  };
  for (const node of parseAst(source, { lang: 'ts' }).body) {
    if (node.type !== 'ImportDeclaration') walk(node, { type: 'Program' });
  }
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** Keys below which no value is computed. */
function isNoValue(node, key) {
  if (key === 'typeAnnotation' || key === 'returnType' || key === 'typeArguments') return true;
  return key === 'key' && node.computed === false;
}

function isText(node) {
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string');
}

/** Renders a source with all its mutants in it. The active one is chosen by `globalThis.mutation`. */
export function instrument(source, mutants, firstId) {
  const numbered = mutants.map((mutant, i) => ({ ...mutant, id: firstId + i }));
  return `const __mutant = globalThis.mutation.isActive;\n${render(source, 0, source.length, numbered)}`;
}

/** Renders [start, end) of the source. `mutants` lie within it, the outer before the inner. */
function render(source, start, end, mutants) {
  let text = '';
  let at = start;
  for (let i = 0; i < mutants.length; ) {
    const first = mutants[i];
    let next = i;
    while (next < mutants.length && mutants[next].start < first.end) next += 1;
    const inside = mutants.slice(i, next);
    const same = inside.filter((each) => each.start === first.start && each.end === first.end);
    const inner = inside.filter((each) => each.start !== first.start || each.end !== first.end);
    text += source.slice(at, first.start);
    text += switched(render(source, first.start, first.end, inner), same);
    at = first.end;
    i = next;
  }
  return text + source.slice(at, end);
}

function switched(original, mutants) {
  let text = original;
  for (const { id, to, kind } of mutants) {
    text = kind === 'statement' ? `if (!__mutant(${id})) { ${text} }` : `(__mutant(${id}) ? (${to}) : (${text}))`;
  }
  return text;
}
