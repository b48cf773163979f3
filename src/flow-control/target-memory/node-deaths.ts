// Recognises a node that dies under the load: a node that acknowledged writes and now refuses connections. The usual
// cause is that the node ran out of memory and was killed. Such a node replays its log when it starts again.

import { UnavailableError } from '../../core/errors.js';
import { size } from '../../core/text.js';
import type { Notice, Verdict } from '../../core/types/index.js';

/** After this many consecutive deaths without an acknowledged write, a node counts as unable to start. */
const maxDeathsWithoutWrite = 3;

/** `cannotStart`: the node died again and again without an acknowledged write in between. */
export type NodeEvent = 'died' | 'back' | 'cannotStart';

interface NodeState {
  readonly dead: boolean;
  /** True if the node has responded again since its last death. */
  readonly answered: boolean;
  /** Number of deaths since the last acknowledged write. */
  readonly deaths: number;
}

const alive: NodeState = { dead: false, answered: false, deaths: 0 };

export class NodeDeaths {
  readonly #nodes = new Map<string, NodeState>();
  #count = 0;

  /** Number of deaths of all nodes. */
  get count(): number {
    return this.#count;
  }

  /** Processes the result of one write. Returns the event that the result reveals about the node; null for no event. */
  observe(endpoint: string, { kind }: Pick<Verdict, 'kind'>): NodeEvent | null {
    const before = this.#nodes.get(endpoint);
    if (kind === 'accepted') {
      this.#nodes.set(endpoint, alive);
      return before?.dead === true ? 'back' : null;
    }
    // A node that never accepted a write may be unreachable for reasons other than its death.
    if (before === undefined) return null;
    if (kind !== 'unreachable') {
      if (before.dead) this.#nodes.set(endpoint, { ...before, answered: true });
      return null;
    }
    if (before.dead && !before.answered) return null;
    const deaths = before.deaths + 1;
    this.#nodes.set(endpoint, { dead: true, answered: false, deaths });
    this.#count += 1;
    return deaths >= maxDeathsWithoutWrite ? 'cannotStart' : 'died';
  }
}

export function cannotStart(endpoint: string): UnavailableError {
  return new UnavailableError({
    tried: `writing to ${endpoint}`,
    expected: 'a node that stays up once it has started',
    found:
      'a node that died three times without accepting a write: it has too little memory to replay its log at the start',
    fix: 'give the node more memory, wait until it stays up, then run the same command again',
  });
}

/**
 * Builds the notice that a node died.
 * @param roomBytes bytes for rows and request bodies on each node from now on; null for no limit
 */
export function nodeDied(endpoint: string, roomBytes: number | null): Notice {
  const halved =
    roomBytes === null
      ? ''
      : `; from then on, rows and request bodies may take at most ${size(roomBytes)} on each node, half of the earlier limit`;
  const message =
    `${endpoint} accepted writes and now refuses connections: the node probably ran out of memory; ` +
    `when the node is back, the load first asks the node to flush${halved}`;
  return { level: 'warn', kind: `node-death ${endpoint}`, message };
}
