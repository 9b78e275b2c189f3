// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { readReport } from "./h2load.ts";

const report = (time: string) => `
finished in ${time}, 124.13 req/s, 4.73KB/s
requests: 100 total, 100 started, 100 done, 98 succeeded, 2 failed, 0 errored, 0 timeout
status codes: 100 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 4.10KB (4203) total, 1.08KB (1103) headers (space savings 91.03%), 1.37KB (1400) data
`;

describe("readReport()", () => {
  test.each([
    ["805.61ms", 0.80561],
    ["412us", 0.000412],
    ["2.50s", 2.5],
    ["1.5m", 90],
  ])("reads %s", (time, seconds) => {
    expect(readReport(report(time))).toEqual({ succeeded: 98, dataBytes: 1400, seconds: expect.closeTo(seconds) });
  });

  test("finds nothing in other text", () => {
    expect(readReport("error: no such host")).toEqual({ succeeded: 0, dataBytes: 0, seconds: 0 });
  });
});
