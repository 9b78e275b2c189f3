// SPDX-License-Identifier: Apache-2.0

import { totalmem } from "node:os";
import { MEMORY_SHARE } from "../limits.js";
import { NodeError } from "../node-error.js";

/** Octets of its container's memory, or of the machine's. */
export function memoryLimit(constrained = process.constrainedMemory(), total = totalmem()): number {
  // Without a limit Node says 0, or on some kernels a number near 2^64.
  return constrained > 0 && constrained < total ? constrained : total;
}

/** Octets that this process may use unless told otherwise: `MEMORY_SHARE` of its container's memory, or of the machine's. */
export function defaultMemoryBytes(constrained = process.constrainedMemory(), total = totalmem()): number {
  return Math.floor(memoryLimit(constrained, total) * MEMORY_SHARE);
}

/** @throws NodeError `LIMIT_INVALID` for a budget in which not even an idle process fits. */
export function validateMemoryBytes(bytes: number): number {
  if (Number.isSafeInteger(bytes) && bytes >= 1 << 20) return bytes;
  throw new NodeError(
    "LIMIT_INVALID",
    `Cannot use memoryBytes: it must be a whole number of octets from 1048576, received ${bytes}`,
  );
}
