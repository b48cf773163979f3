// How much of this load a node has not yet written to disk, as believed: counted from acknowledgements, and corrected by
// the target's gauge. The gauge is up to 10 s old, so it is held against all that was believed within that time.

/** Bytes on the fullest node. */
export interface Believed {
  /** Acknowledged before the last flush began and not known to be on disk. */
  readonly pending: number;
  /** Acknowledged since. */
  readonly fresh: number;
  /** Gauge bytes per body byte, as learned; 1 to 4. */
  readonly factor: number;
  /** What was believed over the last seconds, oldest first. */
  readonly history: readonly { readonly at: number; readonly bytes: number }[];
}

const gaugeAgeMs = 12_000;
const rememberEveryMs = 500;
/** What the gauge may differ by before it is believed more than the count. */
const tolerance = 0.15;
const slackBytes = 4 * 1024 * 1024;
const factorStep = 2;
const factorMost = 4;
const factorDecay = 0.9;

export function remember(state: Believed, at: number): Believed {
  const last = state.history.at(-1);
  if (last !== undefined && at - last.at < rememberEveryMs) return state;
  const kept = state.history.filter((each) => at - each.at <= gaugeAgeMs);
  return { ...state, history: [...kept, { at, bytes: state.pending + state.fresh }] };
}

/**
 * More than was believed at any time: others write too, or rows take more than their text. Less than was ever believed:
 * the target flushed by itself; that is only taken over where every node has told, and never as a smaller factor.
 */
export function believe(state: Believed, gauges: readonly (number | null)[], nodes: number): Believed {
  const told = gauges.filter((each) => each !== null);
  if (told.length === 0 || state.history.length === 0) return state;
  const gauge = Math.max(...told);
  const believed = state.history.map(({ bytes }) => bytes);
  const [least, most] = [Math.min(...believed), Math.max(...believed)];
  if (gauge > most * (1 + tolerance) + slackBytes) return raised(state, gauge, most);
  const allTold = told.length === gauges.length && gauges.length >= nodes;
  if (!allTold || gauge >= least * (1 - tolerance) - slackBytes) return state;
  return lowered(state, least - gauge);
}

function raised(state: Believed, gauge: number, most: number): Believed {
  const ratio = most > slackBytes ? Math.min(factorStep, gauge / most) : 1;
  return {
    ...state,
    fresh: state.fresh + gauge - most,
    factor: Math.min(factorMost, state.factor * ratio),
    history: moved(state, gauge - most),
  };
}

function lowered(state: Believed, by: number): Believed {
  const fromPending = Math.min(state.pending, by);
  return {
    pending: state.pending - fromPending,
    fresh: Math.max(0, state.fresh - (by - fromPending)),
    factor: Math.max(1, state.factor * factorDecay),
    history: moved(state, -by),
  };
}

/** The same old gauge is read again: it must not be news twice. */
function moved({ history }: Believed, by: number): Believed['history'] {
  return history.map(({ at, bytes }) => ({ at, bytes: Math.max(0, bytes + by) }));
}
