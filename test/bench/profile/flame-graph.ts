// SPDX-License-Identifier: Apache-2.0
import { escapeText, rounded, svgDocument, svgText } from "../report/svg/theme.ts";
import { type CpuProfile, type ProfileNode, placeOf, selfTimes } from "./cpu-profile.ts";
import { type StageName, stageOf } from "./stages.ts";

const width = 1_200;
const rowHeight = 17;
const top = 56;
/** Narrower boxes are left out, with all that they called. */
const narrowest = 0.6;
/** What a letter takes at the size of the boxes' names. */
const letterWidth = 6.2;

const colours: Readonly<Record<StageName, string>> = {
  read: "#9ec5e8",
  frame: "#7fb3d5",
  HPACK: "#a9d8b8",
  "streams and windows": "#c5e1a5",
  route: "#ffe08a",
  pick: "#ffcc80",
  splice: "#f5b7a0",
  "call records, limits, counters": "#d7c4e8",
  "timers and clock": "#e0c9b0",
  write: "#80cbc4",
  "garbage collector": "#ef9a9a",
  "Node and kernel": "#cfd8dc",
  other: "#e0e0e0",
};

/** Calls of the same function from the same place are one box. */
interface Box {
  readonly name: string;
  readonly place: string;
  micros: number;
  readonly children: Map<string, Box>;
}

/** Draws a profile: each box is a function, as wide as the time in it, on top of the one that called it; colours are stages. */
export function flameGraph(profile: CpuProfile, title: string): string {
  const root = boxesOf(profile);
  const rows = depthOf(root, root.micros);
  const height = top + rows * rowHeight + 12;
  const boxes: string[] = [];
  draw(root, { x: 10, row: 0, scale: (width - 20) / root.micros, total: root.micros, height }, boxes);
  const legend = legendOf();
  const head = [svgText(10, 22, title, "title"), ...legend];
  return svgDocument(width, height, title, [`<g>${head.join("")}</g>`, ...boxes]);
}

function boxesOf(profile: CpuProfile): Box {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const times = selfTimes(profile);
  const root: Box = { name: "(root)", place: "", micros: 0, children: new Map() };
  const add = (node: ProfileNode, parent: Box): number => {
    const { functionName, url } = node.callFrame;
    const box: Box = parent.children.get(`${functionName} ${url}`) ?? {
      name: functionName === "" ? "(anonymous)" : functionName,
      place: placeOf(url),
      micros: 0,
      children: new Map(),
    };
    parent.children.set(`${functionName} ${url}`, box);
    let micros = times.get(node.id) ?? 0;
    for (const id of node.children ?? []) {
      const child = nodes.get(id);
      if (child !== undefined) micros += add(child, box);
    }
    box.micros += micros;
    return micros;
  };
  const first = profile.nodes[0];
  for (const id of first?.children ?? []) {
    const node = nodes.get(id);
    if (node !== undefined) root.micros += add(node, root);
  }
  return root;
}

function isShown(box: Box, total: number): boolean {
  return (box.micros / total) * (width - 20) >= narrowest;
}

function depthOf(box: Box, total: number): number {
  const below = [...box.children.values()]
    .filter((child) => isShown(child, total))
    .map((child) => depthOf(child, total));
  return 1 + Math.max(0, ...below);
}

interface Place {
  readonly x: number;
  readonly row: number;
  readonly scale: number;
  readonly total: number;
  readonly height: number;
}

function draw(box: Box, at: Place, output: string[]): void {
  const { row, scale, total, height } = at;
  let { x } = at;
  if (row > 0) output.push(drawBox(box, at));
  const children = [...box.children.values()].filter((child) => isShown(child, total));
  for (const child of children.sort((one, other) => one.name.localeCompare(other.name))) {
    draw(child, { x, row: row + 1, scale, total, height }, output);
    x += child.micros * scale;
  }
}

function drawBox(box: Box, { x, row, scale, total, height }: Place): string {
  const y = height - 8 - row * rowHeight;
  const wide = box.micros * scale;
  const share = `${((box.micros / total) * 100).toFixed(1)} %`;
  const place = box.place === "" ? "" : `, ${box.place}`;
  const letters = Math.floor((wide - 4) / letterWidth);
  const label = letters < 3 ? "" : box.name.length > letters ? `${box.name.slice(0, letters - 1)}…` : box.name;
  return [
    `<g><title>${escapeText(`${box.name}${place}: ${share}`)}</title>`,
    `<rect x="${rounded(x)}" y="${rounded(y)}" width="${rounded(Math.max(0.5, wide - 0.5))}" height="${rowHeight - 1}" rx="1" fill="${colours[stageOf(box)]}"/>`,
    label === ""
      ? ""
      : `<text x="${rounded(x + 2)}" y="${rounded(y + 12)}" class="small" style="fill:#1f2328">${escapeText(label)}</text>`,
    "</g>",
  ].join("");
}

function legendOf(): string[] {
  let x = 10;
  return Object.entries(colours).flatMap(([stage, colour]) => {
    const at = x;
    x += 26 + stage.length * letterWidth;
    return [
      `<rect x="${rounded(at)}" y="34" width="11" height="11" fill="${colour}"/>`,
      svgText(at + 15, 44, stage, "small"),
    ];
  });
}
