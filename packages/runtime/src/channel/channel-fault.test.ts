// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { statusOfFault } from "./channel-fault.js";

describe("statusOfFault()", () => {
  test("makes a status without facts once", () => {
    const status = statusOfFault({ reason: "ROUTER_DRAINING", facts: {} });
    expect(status.reason).toBe("ROUTER_DRAINING");
    expect(statusOfFault({ reason: "ROUTER_DRAINING", facts: {} })).toBe(status);
    expect(statusOfFault({ reason: "INSTANCE_DRAINING", facts: {} }).reason).toBe("INSTANCE_DRAINING");
  });

  test("makes one with facts or a delay anew", () => {
    const frames = [64, 65].map((limit) => statusOfFault({ reason: "FRAME_TOO_LARGE", facts: { limit } }).message);
    expect(frames[0]).not.toBe(frames[1]);
    const options = { retryAfterMs: 5 };
    expect(statusOfFault({ reason: "ROUTER_DRAINING", facts: {} }, options).details.length).toBeGreaterThan(
      statusOfFault({ reason: "ROUTER_DRAINING", facts: {} }).details.length,
    );
  });
});
