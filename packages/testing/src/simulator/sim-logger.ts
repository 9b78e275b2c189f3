// SPDX-License-Identifier: Apache-2.0
import type { Logger } from "@grpc-router/protocol";
import type { World } from "./world.js";

/** Reasons that accuse the other side; everybody in a simulation keeps the rules. */
const accusation =
  /^(FRAME|FRAGMENT|MEMBER|CALL_ID|CALL_UNKNOWN|CALL_STATE|CREDIT|CONTROL|HELLO_INVALID|SCHEMA|REVISION|ID_NOT)/;
/** Names of processes that do not; they are told so. */
export const hostilePrefix = "evil";
const aboutHostile = new RegExp(`\\b${hostilePrefix}[A-Z]\\b`, "i");

/** The log of a process: into the trace, and an accusation is a violation. */
export function createSimLogger(world: World, name: string): Logger {
  return {
    log(level, event, message, fields = {}) {
      // One line: the stacks behind it are those of this program, not of the simulation.
      if (world.lines !== undefined) world.note(name, `${level} ${event}: ${message.split("\n", 1)[0]}`);
      const { reason, router } = fields;
      const isAccusation = typeof reason === "string" && accusation.test(reason);
      const isJust = aboutHostile.test(`${message} ${router}`);
      // While somebody else has its id, an instance is refused.
      const isConfusion = reason === "ID_NOT_YOURS" && world.hasImpostors;
      if (isAccusation && !isJust && !isConfusion) world.violate("honest", `${name} accuses a peer: ${message}`);
      if (event === "call_stuck") world.violate("idle", `${name}: ${message}`);
    },
  };
}
