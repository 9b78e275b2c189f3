// SPDX-License-Identifier: Apache-2.0

/**
 * Runs `task` once after every microtask that is queued by now and those that they queue, and before the check phase in
 * which output leaves: what user code settles in one turn leaves in one write.
 */
export function afterMicrotasks(task: () => void): void {
  // A tick that is queued by a microtask runs when no microtask is left.
  queueMicrotask(() => process.nextTick(task));
}
