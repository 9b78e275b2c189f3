// SPDX-License-Identifier: Apache-2.0
import { START_METADATA_NUMBER, sizeofMetadataEntry, writeMetadataEntry } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import { bytes } from "../test-kit/text.suite.js";
import { TenantDirectory } from "./tenant-directory.js";

const list = ["acme", "beta", "gamma.example", "delta.example", "dëlta"].map((id) => ({ id, labels: {} }));

/** Metadata as a CallStart has it. */
function start(...entries: readonly (readonly [name: string, value: string])[]): Uint8Array {
  const target = new Uint8Array(4096);
  let at = 0;
  for (const [name, value] of entries) {
    const [nameBytes, valueBytes] = [bytes(name), bytes(value)];
    expect(sizeofMetadataEntry(nameBytes.length, valueBytes.length)).toBeLessThan(4096 - at);
    at = writeMetadataEntry(target, at, START_METADATA_NUMBER, {
      nameBytes,
      nameStart: 0,
      nameEnd: nameBytes.length,
      valueBytes,
      valueStart: 0,
      valueEnd: valueBytes.length,
    });
  }
  return target.slice(0, at);
}

describe("TenantDirectory by metadata", () => {
  const directory = new TenantDirectory({ identifiedBy: { metadata: "x-tenant-id" }, list });

  test.each<[string, readonly (readonly [string, string])[], number]>([
    ["the field", [["x-tenant-id", "beta"]], 1],
    [
      "the field among others",
      [
        ["a", "acme"],
        ["x-tenant-id", "gamma.example"],
        ["b", "acme"],
      ],
      2,
    ],
    [
      "the first of several values",
      [
        ["x-tenant-id", "delta.example"],
        ["x-tenant-id", "acme"],
      ],
      3,
    ],
    ["a value beyond ASCII", [["x-tenant-id", "dëlta"]], 4],
    ["no field", [["x-tenant", "acme"]], -1],
    ["an empty value", [["x-tenant-id", ""]], -1],
    ["a value that nobody has", [["x-tenant-id", "acme2"]], -1],
    ["a value in other letters", [["x-tenant-id", "ACME"]], -1],
    ["no metadata", [], -1],
  ])("finds the tenant by %s", (_, entries, tenant) => {
    const rest = start(...entries);
    expect(directory.ofCall(-1, rest, rest.length)).toBe(tenant);
  });

  test("does not ask certificates", () => {
    expect(directory.ofConnection(["acme"])).toBe(-1);
    expect(directory.ofCall(0, new Uint8Array(0), 0)).toBe(-1);
  });
});

describe("TenantDirectory by certificates", () => {
  const directory = new TenantDirectory({ identifiedBy: { clientCertificate: true }, list });

  test.each<[readonly string[], number]>([
    [[], -1],
    [["acme"], 0],
    [["unknown", "delta.example", "acme"], 3],
    [["ACME"], -1],
  ])("%j is tenant %i", (identities, tenant) => {
    expect(directory.ofConnection(identities)).toBe(tenant);
  });

  test("goes by the connection, whatever the metadata says", () => {
    const rest = start(["x-tenant-id", "acme"]);
    expect(directory.ofCall(1, rest, rest.length)).toBe(1);
  });
});
