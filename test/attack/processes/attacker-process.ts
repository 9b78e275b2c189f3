// SPDX-License-Identifier: Apache-2.0
// The attacker: runs one attack against one target. It loads nothing of the engine. Answers `spin` and `run`.
import { linkToParent } from "../../harness/link.ts";
import type { AttackerOrder } from "../rig/attacker.ts";
import { loadAttack } from "../rig/attacks.ts";
import { runPart } from "../rig/run-part.ts";

const link = linkToParent({
  /** Uses the processor as an attacker does, but sends nothing. */
  async spin(ms: number) {
    const untilMs = performance.now() + ms;
    while (performance.now() < untilMs) await spinTurn();
  },
  async run(order: AttackerOrder) {
    if (link === undefined) throw new Error("Cannot attack: the process must have a parent");
    return await runPart(await loadAttack(order.id), order, link);
  },
});

/** A millisecond of work, then the events at hand. */
async function spinTurn(): Promise<void> {
  const untilMs = performance.now() + 1;
  while (performance.now() < untilMs);
  await new Promise((resolve) => setImmediate(resolve));
}

process.once("SIGTERM", () => process.exit(0));
console.log("ready");
