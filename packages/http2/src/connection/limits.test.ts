// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  clientHello,
  data,
  frame,
  headers,
  hex,
  join,
  ping,
  requestBlock,
  responseBlock,
  rstStream,
  settings,
  settingsAck,
  windowUpdate,
} from "../frame/frames.suite.js";
import type { Limits } from "../limits.js";
import { Bench, runningClient, runningServer } from "./recorder.suite.js";

/** Sends `input(n)` until the connection closes; returns how many it took. */
function flood(bench: Bench, input: (n: number) => Uint8Array, most = 100_000): number {
  for (let n = 0; n < most; n++) {
    bench.receive(input(n));
    if (bench.connection.closed) return n + 1;
    bench.handler.take();
    bench.handler.bodies.clear();
  }
  return most;
}

const rapidReset = (n: number): Uint8Array => join(headers(2 * n + 1, requestBlock, true), rstStream(2 * n + 1, 8));
const refusing = { limits: { concurrentStreams: 1 } };
const malformed = join(requestBlock, hex("00 01 41 01 61"));

type Attack = readonly [
  limit: keyof Limits,
  what: string,
  frames: number,
  input: (n: number) => Uint8Array,
  options?: { limits: Partial<Limits> },
];

// Frames until the connection is closed, with the default limits unless said otherwise.
const attacks: readonly Attack[] = [
  ["peerResets", "rapid reset (CVE-2023-44487)", 1_001, rapidReset],
  ["streamErrors", "streams that are malformed (CVE-2025-8671)", 101, (n) => headers(2 * n + 1, malformed, true)],
  ["refusedStreams", "streams beyond MAX_CONCURRENT_STREAMS", 102, (n) => headers(2 * n + 1, requestBlock), refusing],
  ["pingStrikes", "PING sooner than keepalive lets it (gRFC A8)", 4, () => ping()],
  ["queuedReplies", "PING without reading (CVE-2019-9512)", 1_001, () => ping(), { limits: { pingStrikes: 10_000 } }],
  ["settingsFrames", "SETTINGS (CVE-2019-9515)", 99, () => settings([4, 65_535])],
  [
    "queuedReplies",
    "SETTINGS without reading (CVE-2019-9515)",
    101,
    () => settings(),
    { limits: { queuedReplies: 100, settingsFrames: 1_000 } },
  ],
  [
    "settingsEntries",
    "thousands of entries in SETTINGS",
    1,
    () => settings(...Array.from({ length: 33 }, () => [99, 1] as const)),
  ],
  ["emptyFrames", "empty DATA (CVE-2019-9518)", 102, (n) => (n === 0 ? headers(1, requestBlock) : data(1, 0))],
  ["windowUpdates", "WINDOW_UPDATE", 1_001, () => windowUpdate(0, 1)],
  [
    "windowUpdates",
    "WINDOW_UPDATE on a stream",
    1_004,
    (n) => (n === 0 ? headers(1, requestBlock) : windowUpdate(1, 1)),
  ],
  ["priorities", "PRIORITY (CVE-2019-9513)", 1_001, (n) => frame(2, 0, 2 * n + 1, hex("0000000010"))],
  ["strayFrames", "unknown frames", 10_001, () => frame(0x77, 0, 0)],
  [
    "continuationFrames",
    "empty CONTINUATION (CVE-2026-33871)",
    10,
    (n) => (n === 0 ? frame(1, 0, 1, requestBlock) : frame(9, 0, 1)),
  ],
  ["headerBlockBytes", "CONTINUATION (CVE-2024-27983)", 3, (n) => frame(n === 0 ? 1 : 9, 0, 1, new Uint8Array(8_192))],
];

describe("the limits of a connection", () => {
  const cases = attacks.map(([limit, what, frames, input, options = {}]) => ({ limit, what, frames, input, options }));
  it.each(cases)("$limit stops $what", ({ limit, frames, input, options }) => {
    const bench = runningServer(options);
    expect(flood(bench, input)).toBe(frames);
    expect(bench.handler.closeReason).toMatchObject({ code: 11, by: "local", limit });
    expect(bench.frames().at(-1)).toMatch(/^GOAWAY \d+ 11 /);
  });

  it("headerListBytes stops a small block that unfolds to many fields (CVE-2016-6581)", () => {
    const bench = runningServer();
    const entry = join(hex("40 01 61 7f 81 1e"), new Uint8Array(3_968).fill(0x61));
    bench.receive(headers(1, join(requestBlock, entry, new Uint8Array(12_000).fill(0xbe)), true));
    expect(bench.handler.closeReason).toMatchObject({ code: 11, limit: "headerListBytes" });
  });

  it("a request over headerListBytes gets 431 and the connection lives", () => {
    for (const endStream of [true, false]) {
      const bench = runningServer({ limits: { headerListBytes: 130 } });
      const long = join(requestBlock, hex("00 01 61 20"), new Uint8Array(0x20).fill(0x61));
      bench.receive(headers(1, long, endStream), headers(3, hex("83 86 84"), true));
      expect(bench.frames()).toEqual(endStream ? ["HEADERS 1 end"] : ["HEADERS 1 end", "RST_STREAM 1 0"]);
      expect(bench.handler.take()).toEqual(["head 3 :method=POST,:scheme=http,:path=/ end"]);
    }
  });

  it("a request over headerListBytes gets the fields that the user has for it", () => {
    const tooLargeFields = hex("00 01 61 01 62");
    const bench = runningServer({ limits: { headerListBytes: 130 }, tooLargeFields });
    const long = join(requestBlock, hex("00 01 61 20"), new Uint8Array(0x20).fill(0x61));
    bench.receive(headers(1, long, true));
    expect(bench.output().slice(-10)).toEqual(hex("08 03 34 33 31 00 01 61 01 62"));
  });

  it("a response over headerListBytes ends the stream", () => {
    const bench = runningClient({ limits: { headerListBytes: 100 } });
    bench.request();
    bench.output();
    bench.receive(headers(1, join(responseBlock, hex("00 01 61 40"), new Uint8Array(0x40).fill(0x61))));
    expect(bench.frames()).toEqual(["RST_STREAM 1 11"]);
    expect(bench.handler.take()).toEqual(["closed 1 11 local"]);
  });

  it("concurrentStreams refuses, keeps the HPACK table in step, and counts lingering work", () => {
    const bench = runningServer({ limits: { concurrentStreams: 1 } });
    const indexing = join(requestBlock, hex("40 01 61 01 62"));
    bench.receive(headers(1, requestBlock), headers(3, indexing, true));
    expect(bench.frames()).toEqual(["RST_STREAM 3 7"]);
    bench.receive(rstStream(1, 8));
    bench.connection.lingering = 1;
    bench.receive(headers(5, requestBlock, true));
    expect(bench.frames()).toEqual(["RST_STREAM 5 7"]);
    bench.connection.lingering--;
    bench.handler.take();
    bench.receive(headers(7, join(requestBlock, hex("be")), true));
    expect(bench.handler.take()).toEqual(["head 7 :method=POST,:scheme=http,:path=/a.B/C,a=b end"]);
    expect(bench.connection.lingering).toBe(0);
  });

  it("streams refused for lingering work count as resets do, not as streams beyond the limit", () => {
    const bench = runningServer({ limits: { concurrentStreams: 1, refusedStreams: 5, peerResets: 50 } });
    bench.connection.lingering = 1;
    expect(flood(bench, (n) => headers(2 * n + 1, requestBlock, true))).toBe(51);
    expect(bench.handler.closeReason).toMatchObject({ code: 11, limit: "peerResets" });
  });

  it("strayFrames stops interim responses without end", () => {
    const bench = runningClient({ limits: { strayFrames: 50 } });
    bench.request();
    expect(flood(bench, () => headers(1, hex("08 03 31 30 33")))).toBeLessThan(60);
    expect(bench.handler.closeReason).toMatchObject({ code: 11, limit: "strayFrames" });
  });

  it("overflowBytes stops requests by a peer that reads no answers", () => {
    const bench = runningServer({ limits: { outputBytes: 1_000, overflowBytes: 1_000 } });
    bench.connection.setHeld(true);
    bench.handler.react.onHead = (stream) => bench.respond(stream.id, true);
    expect(flood(bench, (n) => headers(2 * n + 1, requestBlock, true))).toBeLessThan(250);
    expect(bench.handler.closeReason).toMatchObject({ code: 11, limit: "overflowBytes" });
  });
});

describe("what honest peers do", () => {
  it("may reset 1,000 streams at once, and as many as they complete after that", () => {
    const bench = runningServer();
    expect(flood(bench, rapidReset, 1_000)).toBe(1_000);
    bench.handler.react.onHead = (stream) => (stream.id % 4 === 1 ? bench.respond(stream.id, true) : undefined);
    const paired = (n: number): Uint8Array => {
      const [done, reset] = [4 * n + 2_001, 4 * n + 2_003];
      return join(headers(done, requestBlock, true), headers(reset, requestBlock, true), rstStream(reset, 8));
    };
    expect(
      flood(
        bench,
        (n) => {
          bench.output();
          return paired(n);
        },
        5_000,
      ),
    ).toBe(5_000);
  });

  it("may reset 33 streams a second for ever", () => {
    const bench = runningServer();
    let id = 1;
    for (let second = 1; second < 200; second++) {
      for (let n = 0; n < 33; n++, id += 2) bench.receive(headers(id, requestBlock, true), rstStream(id, 8));
      bench.connection.sweep(second * 1_000);
    }
    expect(bench.connection.closed).toBe(false);
  });

  it("may send WINDOW_UPDATE for every 32 octets they get", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock));
    bench.respond(1);
    for (let n = 0; n < 20_000; n++) {
      bench.write(1, 64);
      bench.output();
      bench.receive(windowUpdate(0, 64), windowUpdate(1, 64));
    }
    expect(bench.connection.closed).toBe(false);
  });

  it("may fill the window of a stream that we have reset with one-octet frames", () => {
    const bench = runningServer();
    for (let id = 1; id < 9; id += 2) {
      bench.receive(headers(id, requestBlock));
      bench.connection.reset(bench.handler.stream(id), 8);
      for (let n = 0; n < 65_535; n += 3) bench.receive(join(data(id, 1), data(id, 1), data(id, 1)));
    }
    expect(bench.connection.closed).toBe(false);
    expect(flood(bench, () => data(7, 1))).toBe(10_009);
    expect(bench.handler.closeReason?.limit).toBe("strayFrames");
  });

  it("may answer before the acknowledgement of SETTINGS", () => {
    const bench = new Bench("server");
    bench.receive(clientHello, headers(1, requestBlock, true), settingsAck);
    expect(bench.handler.take()).toHaveLength(1);
  });
});
