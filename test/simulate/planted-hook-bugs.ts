// SPDX-License-Identifier: Apache-2.0
// Bugs in how messages wait for hooks: what overtakes them, what is never given back.
import { ReplyGate } from "../../packages/runtime/src/forward/reply-gate.ts";
import { RequestGate } from "../../packages/runtime/src/forward/request-gate.ts";
import { patch } from "./patch.ts";
import { anything, type PlantedBug, stuck } from "./planted-bug.ts";

/** Only worlds with hooks show them. */
export const plantedHookBugs: readonly PlantedBug[] = [
  {
    name: "an End that overtakes messages which hooks have",
    seed: 7,
    plant: () => patch(ReplyGate, "keepEnd", () => false),
    shows: anything,
  },
  {
    name: "room behind hooks that is never given back",
    seed: 61,
    plant: () => patch(RequestGate, "taken", () => undefined),
    shows: stuck,
  },
];
