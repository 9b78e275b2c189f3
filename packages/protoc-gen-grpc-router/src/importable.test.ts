// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { isImportable } from "./importable.js";
import { compileRegistry } from "./run-plugin.suite.js";

const body = `
message Top { message Nested {} export message Exported {} local message Kept {} }
local message Local { export message Deep {} }
export message Out {}
`;
const plain = "message Top { message Nested {} }";
const names = ["Top", "Top.Nested", "Top.Exported", "Top.Kept", "Local", "Local.Deep", "Out"];

function importable(source: string): string[] {
  const registry = compileRegistry({ "acme/v1/test.proto": source });
  return names.filter((name) => {
    const message = registry.getMessage(`acme.v1.${name}`);
    return message !== undefined && isImportable(message);
  });
}

describe("isImportable()", () => {
  test.each([
    ['syntax = "proto2"', plain, ["Top", "Top.Nested"]],
    ['syntax = "proto3"', plain, ["Top", "Top.Nested"]],
    ['edition = "2023"', plain, ["Top", "Top.Nested"]],
    ['edition = "2024"', body, ["Top", "Top.Exported", "Local.Deep", "Out"]],
    [
      'edition = "2024"; option features.default_symbol_visibility = EXPORT_ALL',
      body,
      ["Top", "Top.Nested", "Top.Exported", "Local.Deep", "Out"],
    ],
    [
      'edition = "2024"; option features.default_symbol_visibility = LOCAL_ALL',
      body,
      ["Top.Exported", "Local.Deep", "Out"],
    ],
  ])("of %s is right", (head, messages, expected) => {
    const order = head.split("; ");
    expect(importable(`${order[0]}; package acme.v1; ${order[1] ? `${order[1]};` : ""} ${messages}`)).toEqual(expected);
  });
});
