// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import { runProcess } from "../../harness/processes.ts";
import { findTool } from "../../harness/tools.ts";

/** The Go programs of the bench, by their folders in `go/`. */
export type GoProgram = "load" | "proxy" | "server";

const source = fileURLToPath(new URL("../go/", import.meta.url));
const built = fileURLToPath(new URL("../../../.cache/bench/bin/", import.meta.url));
let building: Promise<void> | undefined;

/** Why they cannot be built here; undefined if they can. */
export function missingGo(): string | undefined {
  return goTool() === undefined ? "go is not installed" : undefined;
}

/** The path of a program, built from `go/` at the first call. @throws Error with the compiler's words. */
export async function goProgram(name: GoProgram): Promise<string> {
  building ??= build();
  await building;
  return `${built}${name}`;
}

async function build(): Promise<void> {
  const { code, stderr } = await runProcess(goTool() ?? "go", ["build", "-o", built, "./load", "./proxy", "./server"], {
    cwd: source,
  });
  if (code !== 0) throw new Error(`Cannot build the Go programs of the bench:\n${stderr}`);
}

function goTool(): string | undefined {
  return findTool("go");
}
