// SPDX-License-Identifier: Apache-2.0
import { logScale } from "./bar-chart.ts";
import { rounded, seriesColours, short, svgDocument, svgLine, svgText } from "./theme.ts";

export interface LineChart {
  readonly title: string;
  readonly xAxis: string;
  readonly yAxis: string;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly label: string;
  /** Lines of one group have the same colour. */
  readonly group: string;
  readonly dashed?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const width = 900;
const height = 460;
const left = 70;
const right = 210;
const top = 64;
const bottom = 50;

/** Draws lines with both axes logarithmic. */
export function lineChart({ title, xAxis, yAxis, lines }: LineChart): string {
  const shown = lines.map((line) => ({ ...line, points: line.points.filter(([x, y]) => x > 0 && y > 0) }));
  const xs = shown.flatMap(({ points }) => points.map(([x]) => x));
  const ys = shown.flatMap(({ points }) => points.map(([, y]) => y));
  const across = logScale(Math.min(...xs), Math.max(...xs), left, width - right);
  const up = logScale(Math.min(...ys), Math.max(...ys), height - bottom, top);
  const groups = [...new Set(shown.map(({ group }) => group))];
  const content = [svgText(14, 24, title, "title"), svgText(14, 44, yAxis, "small")];
  for (const tick of up.ticks) {
    const y = up.at(tick);
    content.push(svgLine(left, y, width - right, y, "grid"), svgText(left - 6, y + 4, short(tick), "small end"));
  }
  for (const tick of across.ticks) {
    const x = across.at(tick);
    content.push(
      svgLine(x, top, x, height - bottom, "grid"),
      svgText(x, height - bottom + 16, short(tick), "small middle"),
    );
  }
  content.push(svgText(left, height - 12, xAxis, "small"));
  shown.forEach(({ label, group, dashed = false, points }, index) => {
    const colour = seriesColours[groups.indexOf(group) % seriesColours.length] ?? "#808080";
    const classes = dashed ? "line dashed" : "line";
    const path = points.map(([x, y]) => `${rounded(across.at(x))},${rounded(up.at(y))}`).join(" ");
    const y = top + index * 18 + 4;
    content.push(
      `<polyline points="${path}" class="${classes}" stroke="${colour}"/>`,
      ...points.map(
        ([x, y]) => `<circle cx="${rounded(across.at(x))}" cy="${rounded(up.at(y))}" r="3" fill="${colour}"/>`,
      ),
      `<line x1="${width - right + 16}" y1="${y}" x2="${width - right + 44}" y2="${y}" class="${classes}" stroke="${colour}"/>`,
      svgText(width - right + 50, y + 4, label, "small"),
    );
  });
  return svgDocument(width, height, title, content);
}
