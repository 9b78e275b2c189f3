// SPDX-License-Identifier: Apache-2.0

/** What became of a part that was to be read again: there is none, nothing of it is new, or the log tells of it. */
export type ReloadedPart = "none" | "same" | "told";
