// SPDX-License-Identifier: Apache-2.0
// What a run bears; each figure with the failure it stops.

/** Octets of what a protoc-gen-es in a process of its own may write: a child that never ends its answer. */
export const MAX_GENERATED_BYTES: number = 1024 * 1024 * 1024;
