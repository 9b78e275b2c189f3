// SPDX-License-Identifier: Apache-2.0

/** Whether user code has given a promise, or something that stands for one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** A promise of user code that perhaps nobody comes to wait for: that it fails must not end the process. */
export function mayFailUnseen(value: unknown): void {
  if (isThenable(value)) value.then(undefined, () => undefined);
}
