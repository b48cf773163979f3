// Drawing functions of the charts: step lines over time, bands and axes.

import { type Html, html } from './html.js';
import { linear, type Scale, shortTime, timeTicks } from './scale.js';

/** Position of a plot within its picture. */
export interface Frame {
  readonly width: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A value that holds from one time to another, in seconds since the start. */
export interface SvgStretch {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/**
 * Size of a picture, for wide and narrow windows. The page contains each picture in both sizes and shows the size that
 * fits.
 */
export type PictureSize = 'wide' | 'narrow';

const widths = { wide: 1000, narrow: 360 } as const;
const lefts = { wide: 88, narrow: 84 } as const;
const rightMargin = 14;
/** Height above the plot, where the name of a limit is drawn. */
const topMargin = 18;

export function frameOf(size: PictureSize, height: number): Frame {
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

/** Rounds a coordinate to tenths. Smaller differences are invisible on a screen. */
export function rounded(place: number): number {
  return Math.round(place * 10) / 10;
}

/** Returns the SVG path of the area between the values, drawn as steps, and `floor`. Adjacent ranges form one area. */
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

/** Returns the SVG path of the values, drawn as a line of steps. */
export function stepLine(stretches: readonly SvgStretch[], x: Scale, y: Scale): string {
  const path = stretches.map(({ from, to, value }, i) => {
    const joins = stretches[i - 1]?.to === from;
    return `${joins ? 'V' : `M${rounded(x(from))} `}${rounded(y(value))}H${rounded(x(to))}`;
  });
  return path.join('');
}

/** Merges adjacent stretches of the same value. */
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

/** Draws a band over a time range, at least one unit wide, so that the band is visible. */
export function band({ from, to }: SvgStretch, x: Scale, top: number, height: number, kind: string, opacity = 1): Html {
  const left = x(from);
  const width = Math.max(1, x(to) - left);
  return html`<rect class="${kind}" x="${rounded(left)}" y="${rounded(top)}" width="${rounded(width)}" height="${rounded(height)}" fill-opacity="${opacity}"/>`;
}

/** Draws the value axis on the left: lines and labels at the ticks. */
export function valueAxis(frame: Frame, ticks: readonly number[], y: Scale, label: (value: number) => string): Html {
  const lines = ticks.map((tick) => {
    const at = rounded(y(tick));
    return html`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${at}" y2="${at}"/><text x="${frame.left - 8}" y="${rounded(at + 4)}" text-anchor="end">${label(tick)}</text>`;
  });
  return html`${lines}`;
}

/** Draws the time axis at `bottom`, with ticks of the time since the start. */
export function timeAxis(frame: Frame, seconds: number, bottom: number): Html {
  const x = timeScale(frame, seconds);
  const ticks = timeTicks(seconds, frame.width > 500 ? 10 : 5).map((tick) => {
    const at = rounded(x(tick));
    const anchor = at > frame.right - 14 ? 'end' : 'middle';
    return html`<line class="tick" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 4}"/><text x="${at}" y="${bottom + 17}" text-anchor="${anchor}">${shortTime(tick)}</text>`;
  });
  return html`${ticks}`;
}

/** Draws a picture in both sizes, wide and narrow. Screen readers read `title`; `draw` returns content and height. */
export function picture(
  title: string,
  draw: (size: PictureSize) => { readonly height: number; readonly content: Html },
): Html {
  const sizes = (['wide', 'narrow'] as const).map((size) => {
    const { height, content } = draw(size);
    return html`<svg class="${size}" viewBox="0 0 ${widths[size]} ${height}" role="img" aria-label="${title}"><title>${title}</title>${content}</svg>`;
  });
  return html`${sizes}`;
}
