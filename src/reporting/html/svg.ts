// What charts are drawn with: steps over stretches of time, bands, axes. Pure, and as small as it can be.

import { type Html, html } from './html.js';
import { linear, type Scale, shortTime, timeTicks } from './scale.js';

/** Where a plot lies within its picture. */
export interface Frame {
  readonly width: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A stretch of time, s, with a value. */
export interface SvgStretch {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** Each picture is drawn for wide and for narrow windows; the page shows the one that fits. */
export type Size = 'wide' | 'narrow';

const widths = { wide: 1000, narrow: 360 } as const;
const lefts = { wide: 88, narrow: 84 } as const;
const rightMargin = 14;
/** Room for the name of a limit at the top. */
const topMargin = 18;

export function frameOf(size: Size, height: number): Frame {
  return {
    width: widths[size],
    left: lefts[size],
    right: widths[size] - rightMargin,
    top: topMargin,
    bottom: topMargin + height,
  };
}

export function timeScale({ left, right }: Frame, seconds: number): Scale {
  return linear(seconds, left, right);
}

/** Tenths of a unit are finer than any screen. */
export function rounded(place: number): number {
  return Math.round(place * 10) / 10;
}

/** The outline of stretches as a path from `floor` and back to it. Those without a gap between them are one piece. */
export function stepArea(stretches: readonly SvgStretch[], x: Scale, y: Scale, floor = y(0)): string {
  const path = stretches.map(({ from, to, value }, i) => {
    const before = stretches[i - 1];
    const next = stretches[i + 1];
    const begin = before?.to === from ? '' : `M${rounded(x(from))} ${rounded(floor)}`;
    const end = next?.from === to ? '' : `V${rounded(floor)}Z`;
    return `${begin}V${rounded(y(value))}H${rounded(x(to))}${end}`;
  });
  return path.join('');
}

/** The upper edge alone. */
export function stepLine(stretches: readonly SvgStretch[], x: Scale, y: Scale): string {
  const path = stretches.map(({ from, to, value }, i) => {
    const joins = stretches[i - 1]?.to === from;
    return `${joins ? 'V' : `M${rounded(x(from))} `}${rounded(y(value))}H${rounded(x(to))}`;
  });
  return path.join('');
}

/** Neighbours with the same value as one. */
export function runs(stretches: readonly SvgStretch[]): SvgStretch[] {
  const all: SvgStretch[] = [];
  for (const stretch of stretches) {
    const last = all.at(-1);
    if (last !== undefined && last.to === stretch.from && last.value === stretch.value)
      all[all.length - 1] = { ...last, to: stretch.to };
    else all.push(stretch);
  }
  return all;
}

/** Never narrower than can be seen. */
export function band({ from, to }: SvgStretch, x: Scale, top: number, height: number, kind: string, opacity = 1): Html {
  const left = x(from);
  const width = Math.max(1, x(to) - left);
  return html`<rect class="${kind}" x="${rounded(left)}" y="${rounded(top)}" width="${rounded(width)}" height="${rounded(height)}" fill-opacity="${opacity}"/>`;
}

/** Lines and names at round values, on the left. */
export function valueAxis(frame: Frame, ticks: readonly number[], y: Scale, label: (value: number) => string): Html {
  const lines = ticks.map((tick) => {
    const at = rounded(y(tick));
    return html`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${at}" y2="${at}"/><text x="${frame.left - 8}" y="${rounded(at + 4)}" text-anchor="end">${label(tick)}</text>`;
  });
  return html`${lines}`;
}

/** Time since the start, below. */
export function timeAxis(frame: Frame, seconds: number, bottom: number): Html {
  const x = timeScale(frame, seconds);
  const ticks = timeTicks(seconds, frame.width > 500 ? 10 : 5).map((tick) => {
    const at = rounded(x(tick));
    const anchor = at > frame.right - 14 ? 'end' : 'middle';
    return html`<line class="tick" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 4}"/><text x="${at}" y="${bottom + 17}" text-anchor="${anchor}">${shortTime(tick)}</text>`;
  });
  return html`${ticks}`;
}

/** Both sizes of a picture. `title` is read aloud; `draw` gives what is in it and how high it is. */
export function picture(
  title: string,
  draw: (size: Size) => { readonly height: number; readonly content: Html },
): Html {
  const sizes = (['wide', 'narrow'] as const).map((size) => {
    const { height, content } = draw(size);
    return html`<svg class="${size}" viewBox="0 0 ${widths[size]} ${height}" role="img" aria-label="${title}"><title>${title}</title>${content}</svg>`;
  });
  return html`${sizes}`;
}
