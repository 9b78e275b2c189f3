// SPDX-License-Identifier: Apache-2.0
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type CpuProfile, functionsOf, placeOf, selfTimes } from "./cpu-profile.ts";
import { flameGraph } from "./flame-graph.ts";
import { type StageName, stageOf, stageShares } from "./stages.ts";

const node = (id: number, functionName: string, url: string, children: readonly number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 1 },
  children,
});
const dist = "file:///home/someone/router/packages";
const profile: CpuProfile = {
  nodes: [
    node(1, "(root)", "", [2, 3, 4]),
    node(2, "receive", `${dist}/http2/dist/connection/receive-frames.js`, [5]),
    node(3, "(idle)", ""),
    node(4, "(garbage collector)", ""),
    node(5, "decode", `${dist}/http2/dist/hpack/header-block-decoder.js`),
  ],
  samples: [2, 5, 3, 5, 4],
  timeDeltas: [0, 100, 300, 1_000, 200],
};

describe("selfTimes()", () => {
  test("gives a sample the time to the next one and leaves out idle time", () => {
    expect([...selfTimes(profile)]).toEqual([
      [2, 100],
      [5, 500],
      [4, 0],
    ]);
  });
});

describe("functionsOf()", () => {
  test("adds up a function's time wherever it was called", () => {
    expect(functionsOf(profile)).toEqual([
      { name: "decode", place: "packages/http2/src/hpack/header-block-decoder.ts", selfMicros: 500 },
      { name: "receive", place: "packages/http2/src/connection/receive-frames.ts", selfMicros: 100 },
    ]);
  });
});

describe("placeOf()", () => {
  test.each([
    [`${dist}/http2/dist/frame/ping.js`, "packages/http2/src/frame/ping.ts"],
    [`${dist}/node/src/socket/peer.ts`, "packages/node/src/socket/peer.ts"],
    ["node:net", "node:net"],
    ["file:///elsewhere/main.js", "main.js"],
    ["", ""],
  ])("%s is %s", (url, place) => {
    expect(placeOf(url)).toBe(place);
  });
});

describe("stageOf()", () => {
  test.each<[string, string, StageName]>([
    ["(garbage collector)", "", "garbage collector"],
    ["(program)", "", "Node and kernel"],
    ["onStreamRead", "node:internal/stream_base_commons", "Node and kernel"],
    ["writeBuffer", "", "write"],
    ["#taken", "packages/node/src/socket/socket-transport.ts", "write"],
    ["onRead", "packages/node/src/socket/accepted-read.ts", "read"],
    ["decode", "packages/http2/src/hpack/block-cache.ts", "HPACK"],
    ["receiveFrames", "packages/http2/src/connection/receive-frames.ts", "frame"],
    ["find", "packages/http2/src/stream/stream-table.ts", "streams and windows"],
    ["flush", "packages/http2/src/connection/flusher.ts", "write"],
    ["#writeAll", "packages/http2/src/connection/attach-transport.ts", "write"],
    ["receive", "packages/http2/src/connection/attach-transport.ts", "frame"],
    ["end", "packages/runtime/src/forward/request-head-reader.ts", "route"],
    ["pick", "packages/runtime/src/balance/least-request.ts", "pick"],
    ["writeFrame", "packages/protocol/src/frame/write-frame.ts", "splice"],
    ["take", "packages/runtime/src/forward/call-pool.ts", "call records, limits, counters"],
    ["add", "packages/runtime/src/resilience/timer-wheel.ts", "timers and clock"],
    ["main", "main.js", "other"],
  ])("%s of %s is %s", (name, place, stage) => {
    expect(stageOf({ name, place })).toBe(stage);
  });

  test("knows every file of the router", () => {
    const root = fileURLToPath(new URL("../../../", import.meta.url));
    const files = globSync("packages/{http2,runtime,protocol}/src/**/*.ts", { cwd: root, exclude: ["**/*.test.ts"] });
    expect(files.length).toBeGreaterThan(100);
    for (const file of files) expect(stageOf({ name: "x", place: placeOf(`/${file}`) }), file).not.toBe("other");
  });
});

describe("stageShares()", () => {
  test("adds up to all of the time", () => {
    expect(stageShares(functionsOf(profile))).toEqual([
      { stage: "HPACK", share: 500 / 600 },
      { stage: "frame", share: 100 / 600 },
    ]);
  });
});

describe("flameGraph()", () => {
  test("draws callers below what they called, as wide as their time, without idle time", () => {
    const svg = flameGraph(profile, "One run");
    expect(svg).toContain("<title>decode, packages/http2/src/hpack/header-block-decoder.ts: 83.3 %</title>");
    expect(svg).toContain("<title>receive, packages/http2/src/connection/receive-frames.ts: 100.0 %</title>");
    expect(svg).not.toContain("(idle)");
  });
});
