// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { createDuplex } from "../duplex.js";
import { createFakeScheduler } from "../fake-scheduler.js";
import { createSeededRandom } from "../seeded-random.js";
import {
  ascii,
  joinBytes,
  RawFlag,
  RawType,
  rawData,
  rawFrame,
  rawGoaway,
  rawHeaders,
  rawPreface,
  rawReset,
  rawSettings,
} from "./raw-frame.js";
import { rawLiterals } from "./raw-hpack.js";
import { createRawPeer, requestFields } from "./raw-peer.js";

function open() {
  const scheduler = createFakeScheduler();
  const duplex = createDuplex(scheduler, { random: createSeededRandom(1) });
  const client = createRawPeer(duplex.left);
  const server = createRawPeer(duplex.right, { role: "server" });
  return { scheduler, duplex, client, server };
}

describe("createRawPeer()", () => {
  it("two of them exchange heads, data and trailers", () => {
    const { scheduler, client, server } = open();
    const fields = requestFields("/a.B/C", [["x-a", "1"]]);
    client.send(rawPreface, rawSettings(), rawHeaders(1, rawLiterals(fields)), rawData(1, ascii("ask"), true));
    scheduler.runUntilIdle();
    expect(server.frames.map(({ type }) => type)).toEqual([RawType.settings, RawType.headers, RawType.data]);
    expect(server.blocksOf(1)).toEqual([fields]);
    expect([server.hasEnded(1), server.hasEnded(3), client.hasEnded(1)]).toEqual([true, false, false]);
    const head = rawLiterals([[":status", "200"]], "withIndexing");
    const trailers = rawLiterals([["grpc-status", "0"]]);
    server.send(rawHeaders(1, head), rawData(1, ascii("ans")), rawData(1, ascii("wer")));
    server.send(rawHeaders(1, trailers, true));
    scheduler.runUntilIdle();
    expect(new TextDecoder().decode(client.dataOf(1))).toBe("answer");
    expect(client.blocksOf(1)).toEqual([[[":status", "200"]], [["grpc-status", "0"]]]);
    expect(client.blocksOf(3)).toEqual([]);
    expect(client.framesOf(RawType.data, 1)).toHaveLength(2);
    expect(client.hasEnded(1)).toBe(true);
  });

  it("reads padding, priority and CONTINUATION", () => {
    const { scheduler, client, server } = open();
    const block = rawLiterals([["x-a", "1"]]);
    const padded = joinBytes([2], [0, 0, 0, 0, 16], block.subarray(0, 3), [0, 0]);
    const flags = RawFlag.padded | RawFlag.priority;
    client.send(rawPreface, rawFrame(RawType.headers, padded, { streamId: 1, flags }));
    client.send(rawFrame(RawType.continuation, block.subarray(3), { streamId: 1, flags: RawFlag.endHeaders }));
    client.send(rawFrame(RawType.data, joinBytes([3], ascii("x"), [0, 0, 0]), { streamId: 1, flags: RawFlag.padded }));
    scheduler.runUntilIdle();
    expect(server.blocksOf(1)).toEqual([[["x-a", "1"]]]);
    expect(new TextDecoder().decode(server.dataOf(1))).toBe("x");
  });

  it("tells resets, GOAWAY and the end of the transport", () => {
    const { scheduler, duplex, client, server } = open();
    expect([client.goawayCode, client.resetCode(1), client.over]).toEqual([undefined, undefined, undefined]);
    server.send(rawReset(1, 8), rawGoaway(1, 0), rawGoaway(1, 11, "too many"));
    duplex.right.end();
    scheduler.runUntilIdle();
    expect([client.goawayCode, client.resetCode(1), client.resetCode(3), client.over]).toEqual([
      11,
      8,
      undefined,
      "ended",
    ]);
    duplex.reset();
    scheduler.runUntilIdle();
    expect([client.over, server.over]).toEqual(["closed", "closed"]);
  });

  it("send() waits for room and keeps the order", () => {
    const scheduler = createFakeScheduler();
    const duplex = createDuplex(scheduler, { capacityBytes: 10 });
    const client = createRawPeer(duplex.left);
    const server = createRawPeer(duplex.right, { role: "server" });
    client.send(rawPreface, rawSettings());
    client.send(rawData(1, ascii("a")));
    client.send(rawData(1, ascii("b".repeat(30))));
    scheduler.runUntilIdle();
    client.send(rawData(1, ascii("c")));
    scheduler.runUntilIdle();
    expect(server.framesOf(RawType.settings)).toHaveLength(1);
    expect(new TextDecoder().decode(server.dataOf(1))).toBe(`a${"b".repeat(30)}c`);
  });
});
