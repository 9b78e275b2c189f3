// SPDX-License-Identifier: Apache-2.0
import type { CallRecord } from "./call-record.js";

/** The header of a reply of one message waits for it: until then a status may come that is tried again. */
export function holdsHeaders({ route, attempts }: CallRecord): boolean {
  if (attempts === undefined || route.policy?.repeats !== true) return false;
  return route.methodKind === "unary" || route.methodKind === "client_streaming";
}
