// SPDX-License-Identifier: Apache-2.0
// Readers of option values, in commander's shape: (value, values so far). They throw InvalidArgumentError.

import { InvalidArgumentError } from "commander";

/** Collects an option that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Reads `name=value` pairs into a record. */
export function collectLabel(
  value: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = value.indexOf("=");
  if (at <= 0) throw new InvalidArgumentError("Write name=value, such as zone=eu-1.");
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

/** Reads a whole number of at least 0. */
export function parseCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(count)) throw new InvalidArgumentError("Write a whole number.");
  return count;
}

/** Reads a number from 0 to 1. */
export function parseShare(value: string): number {
  const share = Number(value);
  if (value.trim() === "" || !(share >= 0 && share <= 1)) throw new InvalidArgumentError("Write a share, 0 to 1.");
  return share;
}

/** Reads a duration such as `1.5s`, `200ms` or `2m` into milliseconds. */
export function parseDurationMs(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(value);
  if (match === null) throw new InvalidArgumentError("Write a duration, such as 1.5s or 200ms.");
  const unitMs = { ms: 1, s: 1_000, m: 60_000 }[match[2] as "ms" | "s" | "m"]; // the pattern allows no other
  return Math.max(1, Math.round(Number(match[1]) * unitMs));
}

/** Reads a number of seconds, such as `10` or `0.5`, into milliseconds. */
export function parseSecondsMs(value: string): number {
  if (!/^\d+(\.\d+)?$/.test(value) || Number(value) === 0) {
    throw new InvalidArgumentError("Write a number of seconds, such as 10.");
  }
  return Math.max(1, Math.round(Number(value) * 1_000));
}
