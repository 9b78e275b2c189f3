// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { everyKind } from "../report/report.suite.ts";
import { resultLines } from "./result-lines.ts";

test("resultLines() tells what every kind of case came to", () => {
  expect(everyKind.map((result) => resultLines(result)[0])).toEqual([
    "  router: 2.10 (2.05–2.15) µs, 476,190/s",
    "  router: 100 µs, 10,000/s",
    "  router: 21,000 (20,500–21,500) instructions, 2 processes",
    "  router at 20 %, 2,000/s: p50 0.50 (added 0.20), p99 0.50 (added 0.20), p99.9 2.00 (added 1.70) ms",
    "  router: 5.00 KiB resident, 3.00 KiB in use, of 5000",
    "  125 bytes of the heap per unary call (123 to 128), over 3,000 calls; 3 collections took 4.00 ms together, the longest 2.00 ms.",
    "   40.0 %  splice",
    expect.stringContaining("At 2000 calls/s on the router"),
  ]);
  expect(everyKind.flatMap(resultLines)).toContain(
    "  haproxy: 10.0 (10.0–10.5) µs, 100,000/s; router is 0.20 (0.20–0.21) of it",
  );
});
