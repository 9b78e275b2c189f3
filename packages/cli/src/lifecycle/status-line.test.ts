// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { StatusLine } from "./status-line.js";

describe("StatusLine", () => {
  it("changes in place, stays below what is written, and leaves nothing", () => {
    let out = "";
    const line = new StatusLine((text) => {
      out += text;
    });
    line.above("log 1\n");
    line.show("2 calls");
    line.show("2 calls");
    line.above("log 2\n");
    line.show("1 call");
    line.show("");
    line.above("log 3\n");
    const erase = "\r\u001b[K";
    expect(out).toBe(`log 1\n2 calls${erase}log 2\n2 calls${erase}1 call${erase}log 3\n`);
  });
});
