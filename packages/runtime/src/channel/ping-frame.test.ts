// SPDX-License-Identifier: Apache-2.0
import { encodeRouterControl } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import { pingFrame } from "./ping-frame.js";

describe("pingFrame()", () => {
  test("is a Ping with a token that those before it did not have", () => {
    expect(pingFrame(7)).toEqual(encodeRouterControl({ kind: { case: "ping", value: { token: 7n } } }));
    expect(new Set([1, 2, 3, 255, 256].map((count) => pingFrame(count).join())).size).toBe(5);
  });

  test("is made once", () => {
    expect(pingFrame(3)).toBe(pingFrame(3));
    expect(pingFrame(3)).toBe(pingFrame(3 + 256));
  });
});
