// SPDX-License-Identifier: Apache-2.0

/** Classes of calls, by what waits longest and gives way first; the number is the order (`grpcrouter.v1.Priority`). */
export const Priority = { low: 0, normal: 1, high: 2 } as const;
export type Priority = (typeof Priority)[keyof typeof Priority];

/** All of them, the lowest first. */
export const priorities: readonly Priority[] = [Priority.low, Priority.normal, Priority.high];

/** As settings and options of the .proto name them. */
export type PriorityName = keyof typeof Priority;
