// SPDX-License-Identifier: Apache-2.0

import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inflateGzip } from "./inflate-gzip.js";

describe("inflateGzip()", () => {
  it.each([0, 1, 1_000, 100_000])("undoes gzip of %d octets within the limit", (size) => {
    const bytes = Buffer.alloc(size, "abc");
    expect(inflateGzip(gzipSync(bytes), size)).toEqual(bytes);
  });

  it("stops a bomb at the limit", () => {
    expect(inflateGzip(gzipSync(Buffer.alloc(1_000_001)), 1_000_000)).toBeUndefined();
  });

  it.each([
    ["other bytes", Buffer.from("hello")],
    ["a cut stream", gzipSync(Buffer.alloc(1_000)).subarray(0, 20)],
    ["nothing", Buffer.alloc(0)],
  ])("refuses %s", (_, bytes) => expect(() => inflateGzip(bytes, 100)).toThrow());
});
