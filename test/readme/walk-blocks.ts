// SPDX-License-Identifier: Apache-2.0
// The walk of docs/operate.md, as steps for a test.
import { readFileSync } from "node:fs";
import { fencedBlocks, markedBlock, markedBlocks } from "./markdown.ts";

/** A command of the page. */
export interface WalkStep {
  readonly line: string;
  /** The heading that it stands below. */
  readonly heading: string;
  /** It goes on while the others run. */
  readonly stays: boolean;
  /** As its comment says: 0, unless there is `exit code N`. */
  readonly exitCode: number;
}

const walkPage = readFileSync(new URL("../../docs/operate.md", import.meta.url), "utf8");

/** All commands, in order. */
export const walkSteps: readonly WalkStep[] = walkPage.split(/^## /m).flatMap((section) => {
  const [heading = ""] = section.split("\n", 1);
  const blocks = markedBlocks(section).filter(({ mark }) => mark === "walk" || mark === "walk, stays");
  return blocks.flatMap(({ mark, text }) =>
    text
      .trim()
      .split("\n")
      .map((given) => {
        const [, line = "", comment = ""] = /^(.*?)(?: +# (.*))?$/.exec(given) ?? [];
        const [, code = "0"] = /\bexit code (\d+)/.exec(comment) ?? [];
        return { line, heading, stays: mark === "walk, stays", exitCode: Number(code) };
      }),
  );
});

/** The text of the file that the page shows. */
export function walkFile(name: string): string {
  return markedBlock(walkPage, `walk: ${name}`);
}

/** What commands answer, where the page shows it. */
export const walkAnswers: readonly string[] = fencedBlocks(walkPage)
  .filter(({ language }) => language === "")
  .map(({ text }) => text.trim());
