// SPDX-License-Identifier: Apache-2.0

import { findTool } from "../../harness/tools.ts";
import { missingGo } from "../peers/go-programs.ts";
import { runH2load } from "./h2load.ts";
import type { Load, LoadResult, LoadTarget } from "./load.ts";
import { runLoadProgram } from "./load-program.ts";

/** Where clients run and may write. */
export interface ClientPlace {
  readonly others: readonly string[];
  readonly folder: string;
}

/** Makes so many calls with the program that can make them. @throws Error if one fails. */
export function runLoad(load: Load, target: LoadTarget, calls: number, place: ClientPlace): Promise<LoadResult> {
  const { others: prefix, folder } = place;
  return load.special === undefined
    ? runH2load(load, target, { calls, prefix, folder })
    : runLoadProgram(load, target, { calls }, prefix);
}

/** Why a load cannot be made here; undefined if it can. */
export function missingLoad({ special }: Load): string | undefined {
  if (special !== undefined) return missingGo();
  return findTool("h2load") === undefined ? "h2load is not installed" : undefined;
}
