// The sections of an export of InfluxDB: definitions between `# DDL` and `# DML`, then points. `# CONTEXT-…` comments
// above the points name their database and retention policy.

import type { Problem } from '../../../core/problem.js';
import { someOf } from '../../../core/text.js';
import type { ContextTarget } from '../../../core/types/index.js';

/** Database of InfluxDB's statistics about itself. This database is loaded only if --context names it. */
const statistics = '_internal';

interface ExportContext {
  readonly database: string;
  readonly policy: string | null;
}

/** The section of an export that a reader has reached, and facts from the sections before it. */
export interface SectionState {
  readonly inDefinitions: boolean;
  readonly database: string | null;
  readonly policy: string | null;
  /** The first context with points. All later points must have this context, unless an option selects contexts. */
  readonly first: ExportContext | null;
  /** Contexts that the CREATE DATABASE statements name. */
  readonly defined: readonly string[];
}

export const NO_SECTION: SectionState = {
  inDefinitions: false,
  database: null,
  policy: null,
  first: null,
  defined: [],
};

export class ExportSections {
  state: SectionState = NO_SECTION;
  /** True while the lines that follow are not points of this load. */
  skips = false;
  /** Set if --context-map names no database for the points of this section; otherwise null. */
  unmapped: Problem | null = null;
  readonly #picked: readonly ExportContext[] | null;
  readonly #mapped: readonly ExportContext[] | null;

  /**
   * @param contexts contexts to load, `DB` or `DB/RP`; null if the export must hold only one context
   * @param map all contexts of --context-map; null without this option
   */
  constructor(contexts: readonly string[] | null, map: readonly ContextTarget[] | null = null) {
    this.#picked = contexts?.map((context) => parseContext(context)) ?? null;
    this.#mapped = map?.map(({ context }) => parseContext(context)) ?? null;
  }

  begin(state: SectionState = NO_SECTION): void {
    this.state = state;
    this.#update();
  }

  /**
   * Reads a comment line, which may begin a section. @returns the reason why the export cannot be loaded; otherwise
   * null
   */
  comment(text: string): Problem | null {
    const [, name = '', value = ''] =
      /^#\s*(DDL|DML|CONTEXT-DATABASE|CONTEXT-RETENTION-POLICY)\s*(?::(.*))?$/s.exec(text) ?? [];
    if (name === '') return null;
    const { defined } = this.state;
    if (name === 'DDL') this.state = { ...this.state, inDefinitions: true };
    if (name === 'DML') this.state = { ...this.state, inDefinitions: false };
    if (name === 'CONTEXT-DATABASE') {
      this.state = { ...this.state, inDefinitions: false, database: value.trim(), policy: null };
    }
    if (name === 'CONTEXT-RETENTION-POLICY') this.state = { ...this.state, policy: value.trim() };
    this.#update();
    const unmapped = defined.find((each) => !this.#isMapped(parseContext(each)));
    if (name === 'DML' && unmapped !== undefined) return unmappedContext(unmapped);
    if (this.#picked !== null || this.skips) return null;
    return name === 'DML' && defined.length > 1 ? severalContexts(defined) : this.#contradiction();
  }

  /** Reads a line between `# DDL` and `# DML`, and notes the context that the line defines. */
  definition(text: string): void {
    const [, database = '', policy = ''] = /^CREATE DATABASE (.+?)(?: WITH .*?NAME (.+))?$/is.exec(text.trim()) ?? [];
    const context = [database, policy]
      .map(unquoted)
      .filter((name) => name !== '')
      .join('/');
    if (context === '' || unquoted(database) === statistics || this.state.defined.includes(context)) return;
    this.state = { ...this.state, defined: [...this.state.defined, context] };
  }

  #contradiction(): Problem | null {
    const { database, policy, first } = this.state;
    if (database === null) return null;
    if (first === null || (first.database === database && first.policy === null)) {
      this.state = { ...this.state, first: { database, policy } };
      return null;
    }
    if (first.database === database && (policy === null || first.policy === policy)) return null;
    return severalContexts([contextName(first), contextName({ database, policy })]);
  }

  #update(): void {
    const { inDefinitions, database, policy } = this.state;
    const context = database === null ? null : { database, policy };
    const isPicked = this.#picked?.some((each) => holds(each, context)) ?? database !== statistics;
    const isLost = !inDefinitions && database !== statistics && !this.#isMapped(context);
    this.unmapped = isLost ? unmappedContext(context === null ? 'none' : contextName(context)) : null;
    this.skips = inDefinitions || isLost || (database !== null && !isPicked);
  }

  #isMapped(context: ExportContext | null): boolean {
    return this.#mapped?.some((each) => holds(each, context)) ?? true;
  }
}

/** Tests whether an option names the context of the points, or names only the database of this context. */
function holds(option: ExportContext, context: ExportContext | null): boolean {
  return option.database === context?.database && (option.policy ?? context.policy) === context.policy;
}

function parseContext(text: string): ExportContext {
  const slash = text.indexOf('/');
  return slash < 0
    ? { database: text, policy: null }
    : { database: text.slice(0, slash), policy: text.slice(slash + 1) };
}

function contextName({ database, policy }: ExportContext): string {
  return policy === null ? database : `${database}/${policy}`;
}

function unquoted(name: string): string {
  return name.replace(/^"(.*)"$/s, '$1').replace(/\\"/g, '"');
}

function unmappedContext(context: string): Problem {
  return {
    tried: 'reading the export sections',
    expected: 'only points of the contexts that --context-map names',
    found: `points of the context ${context}`,
    fix: 'add this context to --context-map, or load single contexts with --context and --db',
  };
}

function severalContexts(contexts: readonly string[]): Problem {
  return {
    tried: 'reading the export sections',
    expected: 'points of one database and retention policy',
    found: `the contexts ${someOf(contexts)}`,
    fix: `pick a context with --context '${contexts[0]}', or name a database for each context: --context-map '${contexts[0]}=name'`,
  };
}
