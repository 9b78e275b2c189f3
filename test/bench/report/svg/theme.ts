// SPDX-License-Identifier: Apache-2.0

/** Colours of series that people with any kind of colour vision can tell apart (Okabe and Ito); the router has the first. */
export const seriesColours = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#b8a600", "#808080"];

/**
 * A picture of its own: size, title for those who do not see it, and styles for light and dark. Nothing is loaded, so it
 * shows wherever an image does.
 */
export function svgDocument(width: number, height: number, title: string, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeText(title)}</title>`,
    "<style>",
    "  text { font: 12px system-ui, sans-serif; fill: #24292f }",
    "  .title { font-size: 15px; font-weight: 600 } .small { font-size: 11px } .end { text-anchor: end } .middle { text-anchor: middle }",
    "  .paper { fill: #ffffff } .grid { stroke: #d0d7de; stroke-width: 1 } .goal { stroke: #cf222e; stroke-width: 2 }",
    "  .line { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 5 4 } .spread { stroke: #57606a; stroke-width: 1.5 }",
    "  @media (prefers-color-scheme: dark) {",
    "    text { fill: #e6edf3 } .paper { fill: #0d1117 } .grid { stroke: #30363d } .spread { stroke: #9198a1 } .goal { stroke: #ff7b72 }",
    "  }",
    "</style>",
    `<rect class="paper" width="${width}" height="${height}" rx="6"/>`,
    ...content,
    "</svg>",
    "",
  ].join("\n");
}

/** A text at a place; `classes` are those of the document's styles. */
export function svgText(x: number, y: number, text: string, classes = ""): string {
  return `<text x="${rounded(x)}" y="${rounded(y)}"${classes === "" ? "" : ` class="${classes}"`}>${escapeText(text)}</text>`;
}

/** A straight line. */
export function svgLine(x1: number, y1: number, x2: number, y2: number, classes: string): string {
  return `<line x1="${rounded(x1)}" y1="${rounded(y1)}" x2="${rounded(x2)}" y2="${rounded(y2)}" class="${classes}"/>`;
}

export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A coordinate in tenths: smaller than anyone sees, and the same file from the same figures. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A value with three digits that matter. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}
