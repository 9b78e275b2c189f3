// SPDX-License-Identifier: Apache-2.0

import type { JsonValue } from "@bufbuild/protobuf";
import { Option } from "commander";
import { stringify } from "yaml";
import type { Io } from "../io.js";

/** How a command that lists writes: for people, or for programs. */
export type OutputFormat = "table" | "json" | "yaml";

/** The same thing in both ways; each is made only if it is wanted. */
export interface Shown {
  readonly text: () => string;
  readonly data: () => JsonValue;
}

/** The option `-o`, the same for every command that lists. */
export function outputOption(): Option {
  return new Option("-o, --output <format>", "how to write it").choices(["table", "json", "yaml"]).default("table");
}

/** What is written in a format. */
export function formatShown(format: OutputFormat, { text, data }: Shown): string {
  if (format === "table") return text();
  return format === "json" ? `${JSON.stringify(data(), null, 2)}\n` : stringify(data());
}

/** Writes it. */
export function print(io: Io, format: OutputFormat, shown: Shown): void {
  io.out(formatShown(format, shown));
}
