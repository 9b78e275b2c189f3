// SPDX-License-Identifier: Apache-2.0

import { stripVTControlCharacters } from "node:util";
import { create } from "@bufbuild/protobuf";
import { CallStatsSchema, InstanceSchema, ServiceSchema, State } from "@grpc-router/node";
import { describe, expect, it } from "vitest";
import { drawTop } from "./draw-top.js";
import { sparkline } from "./sparkline.js";
import { TopHistory } from "./top-history.js";

function historyOf(instances: number): TopHistory {
  const history = new TopHistory();
  for (let step = 0n; step < 4n; step++) {
    history.add({
      atMs: Number(step) * 2_000,
      services: [create(ServiceSchema, { name: "acme.A", openCalls: 3, waitingCalls: 1 })],
      instances: Array.from({ length: instances }, (_, index) =>
        create(InstanceSchema, {
          id: `a-${index}`,
          service: "acme.A",
          state: index === 1 ? State.DRAINING : State.SERVING,
          openCalls: 3,
          capacity: 10,
          weight: 100,
          totalCalls: step * BigInt(index + 1) * 100n,
          ejected: index === 2,
          load: { cpuUtilization: 0.5 },
        }),
      ),
      methods: [
        create(CallStatsSchema, {
          method: "acme.A/Get",
          started: step * step * 10n,
          ended: { OK: step * step * 8n, NOT_FOUND: step },
          latency: { p50: { nanos: 1_500_000 }, p99: { seconds: 2n } },
        }),
        create(CallStatsSchema, { method: "acme.A/Quiet" }),
      ],
    });
  }
  return history;
}

const plain = { columns: undefined, rows: undefined, colour: false };

describe("drawTop()", () => {
  it("draws the router, its instances by rate, and the methods that were called", () => {
    expect(drawTop(historyOf(3), "http://r", plain).split("\n")).toEqual([
      "grpc-router at http://r: 3 instances, 1 service, 3 open, 1 waiting",
      "25 calls/s, 0.5 failed/s  ▂▅█",
      "",
      "INSTANCE  SERVICE  STATE             OPEN  CAPACITY  CALLS/S       CPU  WEIGHT",
      "a-2       acme.A   serving, ejected  3     10        150      ███  50%  100",
      "a-1       acme.A   draining          3     10        100      ███  50%  100",
      "a-0       acme.A   serving           3     10        50       ███  50%  100",
      "",
      "METHOD      CALLS/S       FAILED/S  OPEN  P50    P99",
      "acme.A/Get  25       ▂▅█  0.5       15    1.5ms  2s",
    ]);
  });

  it.each([
    [80, 24],
    [40, 12],
    [20, 6],
    [10, 3],
    [1, 1],
  ])("fits into %d x %d", (columns, rows) => {
    for (const colour of [false, true]) {
      const lines = drawTop(historyOf(30), "http://r", { columns, rows, colour }).split("\n");
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
    }
  });

  it("shows both tables where there is room, and says what it leaves out", () => {
    const text = drawTop(historyOf(30), "http://r", { columns: 80, rows: 12, colour: false });
    expect(text).toMatch(/\nand \d+ more\n\nMETHOD/);
  });

  it("paints states, and says the same without colour", () => {
    const coloured = drawTop(historyOf(3), "http://r", { ...plain, colour: true });
    expect(coloured).toContain("\u001b[33mdraining\u001b[0m");
    expect(coloured).toContain("\u001b[31mejected\u001b[0m");
    expect(stripVTControlCharacters(coloured)).toBe(drawTop(historyOf(3), "http://r", plain));
  });

  it("says that there is nobody", () => {
    expect(drawTop(historyOf(0), "http://r", plain)).toContain("No instance is connected.");
    expect(drawTop(new TopHistory(), "http://r", plain)).toBe("");
  });
});

describe("TopHistory", () => {
  it("takes a count that falls for that of somebody new", () => {
    const history = new TopHistory();
    const at = (atMs: number, totalCalls: bigint) => {
      const instance = create(InstanceSchema, { id: "a", totalCalls });
      history.add({ atMs, instances: [instance], services: [], methods: [] });
      return history.ofInstance(instance).perSecond;
    };
    expect([at(0, 100n), at(1_000, 150n), at(2_000, 20n), at(2_500, 30n)]).toEqual([0, 50, 0, 20]);
  });
});

describe("sparkline()", () => {
  it.each<[values: readonly number[], width: number, text: string]>([
    [[], 5, ""],
    [[0, 0], 5, "▁▁"],
    [[0, 5, 10], 5, "▁▅█"],
    [[9, 1, 2, 4], 3, "▃▅█"],
    [[-1, 7], 2, "▁█"],
  ])("of %j in %d", (values, width, text) => expect(sparkline(values, width)).toBe(text));
});
