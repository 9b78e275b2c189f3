// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { barChart, logScale } from "./bar-chart.ts";
import { lineChart } from "./line-chart.ts";
import { escapeText, short } from "./theme.ts";

/** Every element of a picture is closed, and nothing is loaded from elsewhere. */
function expectWhole(svg: string): void {
  const open: string[] = [];
  for (const [, slash, name = "", , empty] of svg.matchAll(/<(\/?)([a-z]+)((?:[^<>"]|"[^"]*")*?)(\/?)>/g)) {
    if (slash === "/") expect(open.pop()).toBe(name);
    else if (empty !== "/") open.push(name);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\(|@import/);
  expect(svg).toContain("prefers-color-scheme: dark");
}

describe("logScale()", () => {
  test("spreads powers of ten evenly and keeps all values inside", () => {
    const { at, ticks } = logScale(1, 1_000, 100, 400);
    expect(at(10) - at(1)).toBeCloseTo(at(100) - at(10));
    expect(at(1)).toBeGreaterThan(100);
    expect(at(1_000)).toBeCloseTo(400);
    expect(ticks).toEqual([1, 10, 100, 1_000]);
  });

  test("has ticks between the powers where there are few", () => {
    expect(logScale(0.8, 3, 0, 1).ticks).toEqual([1, 2]);
  });

  test("has some width for a single value", () => {
    expect(logScale(5, 5, 0, 100).at(5)).toBeGreaterThan(0);
  });
});

describe("barChart()", () => {
  test("draws every bar, its value and its spread, and a dash for what was not measured", () => {
    const svg = barChart({
      title: "CPU & cost",
      axis: "µs",
      groups: [
        {
          label: "10 × 50",
          bars: [
            { label: "router", value: 2.1, low: 2, high: 2.5 },
            { label: "Envoy", value: 82 },
          ],
        },
        { label: "1 × 1", bars: [{ label: "router", value: Number.NaN }] },
      ],
    });
    expectWhole(svg);
    expect(svg).toContain("CPU &amp; cost");
    expect(svg).toContain(">2.10</text>");
    expect(svg).toContain(">82.0</text>");
    expect(svg).toContain(">–</text>");
    expect(svg.match(/class="spread"/g)).toHaveLength(1);
  });
});

describe("barChart() with an anchor", () => {
  test("draws bars to both sides of it", () => {
    const bars = [
      { label: "dearer", value: 4 },
      { label: "cheaper", value: 0.25 },
    ];
    const svg = barChart({ title: "t", axis: "a", anchor: 1, groups: [{ label: "g", bars }] });
    expectWhole(svg);
    const [dearer = [], cheaper = []] = Array.from(svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g));
    expect(Number(cheaper[1]) + Number(cheaper[2])).toBeCloseTo(Number(dearer[1]), 0);
    expect(Number(cheaper[2])).toBeCloseTo(Number(dearer[2]), 0);
  });
});

describe("lineChart()", () => {
  test("draws lines of a group in one colour and leaves out what has no place on the axes", () => {
    const svg = lineChart({
      title: "Latency",
      xAxis: "calls/s",
      yAxis: "ms",
      lines: [
        {
          label: "router p50",
          group: "router",
          points: [
            [1_000, 0.1],
            [10_000, 0.2],
          ],
        },
        {
          label: "router p99",
          group: "router",
          dashed: true,
          points: [
            [1_000, 0.5],
            [10_000, 0],
          ],
        },
        { label: "Envoy p50", group: "Envoy", points: [[500, 0.3]] },
      ],
    });
    expectWhole(svg);
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg.match(/<polyline[^>]*stroke="#0072b2"/g)).toHaveLength(2);
  });
});

describe("short()", () => {
  test.each([
    [0.0123, "0.012"],
    [0.123, "0.12"],
    [1.234, "1.23"],
    [12.34, "12.3"],
    [123.4, "123"],
    [12_345.6, "12,346"],
    [Number.NaN, "–"],
  ])("%d is %s", (value, text) => {
    expect(short(value)).toBe(text);
  });
});

describe("escapeText()", () => {
  test("leaves no character that means something", () => {
    expect(escapeText(`<a & "b">`)).toBe("&lt;a &amp; &quot;b&quot;&gt;");
  });
});
