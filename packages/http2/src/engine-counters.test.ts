// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bench, runningServer } from "./connection/recorder.suite.js";
import { countByCode, countsByName, EngineCounters, errorCodeSlots } from "./engine-counters.js";
import { clientHello, data, frame, goaway, headers, hex, join, requestBlock, rstStream } from "./frame/frames.suite.js";

describe("countByCode()", () => {
  it.each([
    [0, 0],
    [13, 13],
    [14, 14],
    [0xffff_ffff, 14],
  ])("counts code %d in slot %d", (code, slot) => {
    const counts = new Array<number>(errorCodeSlots).fill(0);
    countByCode(counts, code);
    expect(counts.flatMap((count, at) => (count > 0 ? [at] : []))).toEqual([slot]);
  });
});

describe("countsByName()", () => {
  it("names the codes that came", () => {
    const counts = new Array<number>(errorCodeSlots).fill(0);
    counts[8] = 2;
    counts[14] = 1;
    expect(countsByName(counts)).toEqual({ CANCEL: 2, OTHER: 1 });
  });
});

describe("EngineCounters", () => {
  it("counts all connections that share it", () => {
    const counters = new EngineCounters();
    const [first, second] = [runningServer({ counters }), runningServer({ counters })];
    first.receive(headers(1, requestBlock), headers(3, requestBlock), rstStream(1, 8), rstStream(1, 0x77));
    second.receive(headers(1, requestBlock), data(1, 1, true), goaway(0, 11));
    second.connection.reset(second.handler.stream(1), 2);
    expect(counters).toMatchObject({ connectionsOpened: 2, connectionsClosed: 0, streamsOpened: 3, streamsClosed: 2 });
    first.connection.drain("");
    first.connection.close(1, "wrong");
    expect(counters).toMatchObject({ connectionsClosed: 1, streamsClosed: 3 });
    expect(countsByName(counters.resetsReceived)).toEqual({ CANCEL: 1, OTHER: 1 });
    expect(countsByName(counters.resetsSent)).toEqual({ INTERNAL_ERROR: 1 });
    expect(countsByName(counters.goawaysReceived)).toEqual({ ENHANCE_YOUR_CALM: 1 });
    expect(countsByName(counters.goawaysSent)).toEqual({ NO_ERROR: 1, PROTOCOL_ERROR: 1 });
  });

  const anyFrame = fc
    .tuple(fc.nat(9), fc.constantFrom(0, 1, 4, 5, 0x2d), fc.constantFrom(0, 1, 3, 5), fc.uint8Array({ maxLength: 12 }))
    .map(([type, flags, id, payload]) => frame(type, flags, id, payload));
  const anyRequest = fc
    .tuple(fc.nat(9), fc.boolean(), fc.boolean())
    .map(([n, end, isGood]) => headers(2 * n + 1, isGood ? requestBlock : join(requestBlock, hex("00014101 61")), end));

  it("tells what is on the wire and what is open, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(anyFrame, anyRequest, anyRequest), { maxLength: 30 }), (input) => {
        const bench = new Bench("server", { limits: { concurrentStreams: 3, streamErrors: 5 } });
        bench.receive(clientHello);
        for (const piece of input) bench.receive(piece);
        const { counters, connection } = bench;
        expect(counters.streamsOpened - counters.streamsClosed).toBe(connection.openStreams);
        expect(counters.connectionsClosed).toBe(connection.closed ? 1 : 0);
        const frames = bench.frames();
        for (let code = 0; code < 14; code++) {
          const resets = frames.filter((line) => new RegExp(`^RST_STREAM \\d+ ${code}$`).test(line));
          const goaways = frames.filter((line) => new RegExp(`^GOAWAY \\d+ ${code}( |$)`).test(line));
          expect([counters.resetsSent[code], counters.goawaysSent[code]]).toEqual([resets.length, goaways.length]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
