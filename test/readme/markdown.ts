// SPDX-License-Identifier: Apache-2.0

/** A fenced block of a Markdown text. */
export interface FencedBlock {
  /** The word behind the fence, "" without one. */
  readonly language: string;
  readonly text: string;
}

/** The lines below a heading, to the next heading of the same or a higher level. @throws Error without such a heading. */
export function sectionOf(markdown: string, title: string): string {
  const lines = markdown.split("\n");
  const levels = headingLevels(lines);
  const first = lines.findIndex((line, index) => levels[index] !== 0 && line.replace(/^#+ /, "") === title);
  const level = levels[first];
  if (level === undefined) throw new Error(`Cannot read the text: a heading must be "${title}", received none`);
  const next = levels.findIndex((other, index) => index > first && other !== 0 && other <= level);
  return lines.slice(first + 1, next < 0 ? undefined : next).join("\n");
}

/** All fenced blocks, in order. */
export function fencedBlocks(markdown: string): FencedBlock[] {
  return Array.from(markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms), ([, language = "", text = ""]) => ({
    language,
    text,
  }));
}

/** A block that a test runs or checks. */
export interface MarkedBlock {
  /** NAME of the comment above it, `<!-- test: NAME -->`. */
  readonly mark: string;
  readonly text: string;
}

/** All blocks that have a mark, in order. */
export function markedBlocks(markdown: string): MarkedBlock[] {
  const found = markdown.matchAll(/^<!-- test: ([^\n]+) -->\n```\w+\n(.*?)^```$/gms);
  return Array.from(found, ([, mark = "", text = ""]) => ({ mark, text }));
}

/** The first block with this mark. @throws Error without one. */
export function markedBlock(markdown: string, mark: string): string {
  const block = markedBlocks(markdown).find((one) => one.mark === mark);
  if (block === undefined) throw new Error(`Cannot test the text: it must have a block below <!-- test: ${mark} -->`);
  return block.text;
}

/** The commands of a block of a shell, without what stands behind `#`. */
export function commandsIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/ +#.*$/, ""))
    .filter((line) => line !== "");
}

/** The words of a command, without the quotes around some. */
export function shellWords(command: string): string[] {
  return (command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, "$2"));
}

/** The level of each line that is a heading, 0 for all others; a `#` in a block is a comment of some shell. */
function headingLevels(lines: readonly string[]): number[] {
  let fenced = false;
  return lines.map((line) => {
    if (line.startsWith("```")) fenced = !fenced;
    return fenced ? 0 : (/^(#+) /.exec(line)?.[1]?.length ?? 0);
  });
}
