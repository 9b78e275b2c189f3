// SPDX-License-Identifier: Apache-2.0

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { readonly type: "major"; readonly execution: "async" }) => Promise<void>;
let collect: Collect | undefined;

/**
 * Has V8 collect all garbage in a task of its own; that takes some 10 ms for each 10 MiB of live objects. V8 collects when
 * it allocates, so a process that refuses work because its memory is full would stay full of garbage. Resolves when it is
 * done.
 */
export function collectGarbage(): Promise<void> {
  collect ??= exposeCollect();
  return collect({ type: "major", execution: "async" });
}

/** What `--expose-gc` gives to new contexts. The flag only says what a context is made with; none but this one is made. */
function exposeCollect(): Collect {
  setFlagsFromString("--expose-gc");
  const exposed: Collect = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return exposed;
}
