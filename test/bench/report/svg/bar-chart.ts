// SPDX-License-Identifier: Apache-2.0
import { rounded, seriesColours, short, svgDocument, svgLine, svgText } from "./theme.ts";

export interface BarChart {
  readonly title: string;
  /** What the axis shows. */
  readonly axis: string;
  /** The value at which bars begin, to the right or to the left. Default: the axis's left end. */
  readonly anchor?: number;
  readonly groups: readonly BarGroup[];
}

export interface BarGroup {
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Quartiles, drawn as a thin line across the end of the bar. */
  readonly low?: number;
  readonly high?: number;
}

const width = 900;
const left = 190;
const right = 90;
const barHeight = 15;
const groupGap = 16;
const top = 64;

/** Draws horizontal bars by group on a logarithmic axis; a label has the same colour in every group. */
export function barChart({ title, axis, anchor, groups }: BarChart): string {
  const drawn = groups.flatMap(({ bars }) => bars.map(({ value }) => value)).filter((value) => value > 0);
  const values = anchor === undefined ? drawn : [...drawn, anchor];
  const scale = logScale(Math.min(...values), Math.max(...values), left, width - right);
  const labels = [...new Set(groups.flatMap(({ bars }) => bars.map(({ label }) => label)))];
  const colourOf = (label: string) => seriesColours[labels.indexOf(label) % seriesColours.length] ?? "#808080";
  const rows = groups.reduce((sum, { bars }) => sum + bars.length * barHeight + groupGap, 0);
  const height = top + rows + 28;
  const content: string[] = [svgText(14, 24, title, "title"), svgText(14, 44, axis, "small")];
  for (const tick of scale.ticks) {
    const x = scale.at(tick);
    content.push(
      svgLine(x, top - 8, x, top + rows - 8, "grid"),
      svgText(x, top + rows + 8, short(tick), "small middle"),
    );
  }
  const begin = anchor === undefined ? left : scale.at(anchor);
  if (anchor !== undefined) content.push(svgLine(begin, top - 8, begin, top + rows - 8, "spread"));
  let y = top;
  for (const group of groups) {
    content.push(svgText(14, y + barHeight - 3, group.label));
    for (const bar of group.bars) {
      content.push(...drawBar(bar, y, { scale, begin, colour: colourOf(bar.label) }));
      y += barHeight;
    }
    y += groupGap;
  }
  return svgDocument(width, height, title, content);
}

/** Places for values on a logarithmic axis, from below the least to above the greatest; `ticks` are powers of ten, or 1, 2 and 5 of them. */
export function logScale(least: number, greatest: number, from: number, to: number) {
  const low = Math.log10(least) - 0.15;
  const high = Math.max(Math.log10(greatest), low + 0.5);
  const at = (value: number) => from + ((Math.log10(value) - low) / (high - low)) * (to - from);
  const steps = high - low > 2.5 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const step of steps) ticks.push(step * 10 ** power);
  }
  return { at, ticks: ticks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high) };
}

interface BarPlace {
  readonly scale: ReturnType<typeof logScale>;
  /** Where bars begin. */
  readonly begin: number;
  readonly colour: string;
}

function drawBar({ label, value, low, high }: Bar, y: number, { scale, begin, colour }: BarPlace): string[] {
  const name = svgText(left - 6, y + barHeight - 4, label, "small end");
  if (!(value > 0)) return [name, svgText(left + 5, y + barHeight - 4, "–", "small")];
  const end = scale.at(value);
  const middle = y + barHeight / 2 - 0.5;
  const spread =
    low === undefined || high === undefined || low <= 0
      ? []
      : [svgLine(scale.at(low), middle, scale.at(high), middle, "spread")];
  return [
    `<rect x="${rounded(Math.min(begin, end))}" y="${rounded(y)}" width="${rounded(Math.max(1, Math.abs(end - begin)))}" height="${barHeight - 2}" fill="${colour}"/>`,
    ...spread,
    name,
    svgText(
      Math.max(begin, end, high === undefined ? end : scale.at(high)) + 5,
      y + barHeight - 4,
      short(value),
      "small",
    ),
  ];
}
