// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { data, headers, requestBlock, responseBlock, rstStream, settings } from "../frame/frames.suite.js";
import { Bench, exchange, runningServer } from "./recorder.suite.js";

/** What happens at a client, and whether it may open a stream after that. */
type ClientStep = readonly [
  event: "limit" | "other settings" | "open" | "end" | "reset by us" | "reset by the server",
  count: number,
  canOpen: boolean,
];

const clients: readonly (readonly [what: string, ...steps: ClientStep[]])[] = [
  ["100 until SETTINGS come", ["open", 99, true], ["open", 1, false], ["reset by us", 1, true]],
  ["no limit where SETTINGS state none", ["open", 100, false], ["other settings", 0, true], ["open", 500, true]],
  ["the stated limit", ["limit", 3, true], ["open", 2, true], ["open", 1, false], ["end", 1, true]],
  ["zero", ["limit", 0, false]],
  ["zero, lifted", ["limit", 0, false], ["limit", 2, true], ["open", 2, false]],
  [
    "zero while streams are open, which go on",
    ["limit", 3, true],
    ["open", 2, true],
    ["limit", 0, false],
    ["end", 2, false],
    ["limit", 1, true],
  ],
  [
    "fewer than are open",
    ["limit", 5, true],
    ["open", 5, false],
    ["limit", 2, false],
    ["end", 3, false],
    ["end", 1, true],
  ],
  ["more than before", ["limit", 1, true], ["open", 1, false], ["limit", 4, true], ["open", 3, false]],
  ["the last of many", ["limit", 1, true], ["limit", 0, false], ["limit", 2 ** 32 - 1, true], ["open", 1_000, true]],
  ["a limit that other settings leave alone", ["limit", 2, true], ["other settings", 0, true], ["open", 2, false]],
  [
    "less than was assumed before SETTINGS",
    ["open", 50, true],
    ["limit", 10, false],
    ["end", 40, false],
    ["end", 1, true],
  ],
  ["room by a reset of ours", ["limit", 1, true], ["open", 1, false], ["reset by us", 1, true]],
  ["room by a reset of the server's", ["limit", 1, true], ["open", 1, false], ["reset by the server", 1, true]],
];

describe("MAX_CONCURRENT_STREAMS of a server", () => {
  it.each(clients.map(([what, ...steps]) => ({ what, steps })))("is obeyed: $what", ({ steps }) => {
    const bench = new Bench("client");
    const open: ReturnType<Bench["request"]>[] = [];
    const happen: Record<ClientStep[0], (count: number) => void> = {
      limit: (count) => bench.receive(settings([3, count])),
      "other settings": () => bench.receive(settings([4, 70_000])),
      open: () => open.push(bench.request()),
      end: () => bench.receive(headers(open.shift()?.id ?? 0, responseBlock, true)),
      "reset by us": () => {
        for (const stream of open.splice(0, 1)) bench.connection.reset(stream, 8);
      },
      "reset by the server": () => bench.receive(rstStream(open.shift()?.id ?? 0, 8)),
    };
    for (const [event, count, canOpen] of steps) {
      const times = event === "limit" || event === "other settings" ? 1 : count;
      for (let n = 0; n < times; n++) happen[event](count);
      expect([event, count, bench.connection.canOpen]).toEqual([event, count, canOpen]);
    }
    expect([bench.connection.closed, bench.connection.openStreams]).toEqual([false, open.length]);
  });

  it("lets the streams that are open send and receive on, however low it falls", () => {
    const bench = new Bench("client");
    bench.receive(settings([3, 2]));
    const stream = bench.request(false);
    bench.receive(settings([3, 0]));
    bench.output();
    expect(bench.connection.write(stream, new Uint8Array(10), 0, 10, true)).toBe(10);
    expect(bench.frames()).toEqual(["DATA 1 10 end"]);
    bench.receive(headers(1, responseBlock), data(1, 5, true));
    expect(bench.handler.take()).toEqual(["head 1 :status=200", "data 1 5 end", "closed 1 0 end"]);
  });
});

describe("concurrentStreams of a server of ours", () => {
  it.each([0, 1, 2, 7])("%d is announced, and one more is refused, again and again", (concurrentStreams) => {
    const server = new Bench("server", { limits: { concurrentStreams, refusedStreams: 1_000 } });
    const client = new Bench("client");
    // The client's first flight, before it can know.
    for (let n = 0; n < 10; n++) client.request();
    exchange(client, server);
    const refused = client.handler.take().filter((line) => line.endsWith(" 7 peer"));
    expect(refused).toHaveLength(10 - concurrentStreams);
    expect(server.connection.openStreams).toBe(concurrentStreams);
    expect(client.connection.canOpen).toBe(false);
    expect(server.counters.limitHits.concurrentStreams).toBe(10 - concurrentStreams);
    for (const id of [...server.handler.streams.keys()]) server.respond(id, true);
    exchange(client, server);
    expect(client.connection.canOpen).toBe(concurrentStreams > 0);
    expect([client.connection.closed, server.connection.closed]).toEqual([false, false]);
  });

  it("counts streams from HEADERS to the end of both sides", () => {
    const bench = runningServer({ limits: { concurrentStreams: 1 } });
    const next = (id: number): boolean => {
      bench.receive(headers(id, requestBlock, true));
      return !bench.frames().includes(`RST_STREAM ${id} 7`);
    };
    bench.receive(headers(1, requestBlock));
    bench.respond(1);
    bench.output();
    expect(next(3)).toBe(false);
    bench.write(1, 0, true);
    expect(next(5)).toBe(false);
    bench.receive(data(1, 0, true));
    expect(next(7)).toBe(true);
    expect(next(9)).toBe(false);
    bench.receive(rstStream(7, 8));
    expect(next(11)).toBe(true);
  });
});
