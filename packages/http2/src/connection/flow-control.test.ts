// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientHello, data, frame, headers, hex, requestBlock, rstStream, settingsAck } from "../frame/frames.suite.js";
import { Bench, counting, exchange, runningServer } from "./recorder.suite.js";

describe("consume()", () => {
  it("announces a stream's window by halves and the connection's by halves", () => {
    const bench = runningServer({ connectionWindowBytes: 65_535 });
    bench.receive(headers(1, requestBlock), data(1, 16_384), data(1, 16_384), data(1, 16_384));
    const stream = bench.handler.stream(1);
    bench.connection.consume(stream, 32_767);
    expect(bench.frames()).toEqual([]);
    bench.connection.consume(stream, 1);
    expect(bench.frames()).toEqual(["WINDOW_UPDATE 1 32768", "WINDOW_UPDATE 0 32768"]);
  });

  it("announces nothing on a stream whose peer has ended", () => {
    const bench = runningServer({ connectionWindowBytes: 65_535 });
    bench.receive(headers(1, requestBlock), data(1, 16_384), data(1, 16_384), data(1, 16_384, true));
    bench.connection.consume(bench.handler.stream(1), 49_152);
    expect(bench.frames()).toEqual(["WINDOW_UPDATE 0 49152"]);
  });

  it("is not needed for padding", () => {
    const bench = runningServer({ connectionWindowBytes: 65_535 });
    bench.receive(headers(1, requestBlock));
    for (let n = 0; n < 200; n++) bench.receive(frame(0, 8, 1, hex(`ff 61 ${"00".repeat(255)}`)));
    const stream = bench.handler.stream(1);
    expect(bench.handler.bodies.get(1)).toHaveLength(200);
    expect(bench.frames()).toEqual(["WINDOW_UPDATE 1 32768", "WINDOW_UPDATE 0 32768"]);
    bench.connection.consume(stream, 200);
  });

  it("passes on an end that comes with nothing but padding", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock), frame(0, 9, 1, hex("02 0000")));
    expect(bench.handler.take().at(-1)).toBe("data 1 0 end");
  });
});

describe("the connection window", () => {
  const fill = (bench: Bench, id: number): void => {
    for (let left = 65_535; left > 0; left -= 16_384) bench.receive(data(id, Math.min(left, 16_384)));
  };

  it("lets exactly its octets in", () => {
    const bench = runningServer({ connectionWindowBytes: 65_535 });
    bench.receive(headers(1, requestBlock), headers(3, requestBlock));
    fill(bench, 1);
    expect(bench.connection.closed).toBe(false);
    bench.receive(data(3, 1));
    expect(bench.handler.closeReason).toMatchObject({ code: 3, message: "DATA beyond the connection window" });
  });

  it.each([
    ["a reset by the peer", (bench: Bench) => bench.receive(rstStream(1, 8))],
    ["a reset by us", (bench: Bench) => bench.connection.reset(bench.handler.stream(1), 8)],
    ["a stream error", (bench: Bench) => bench.receive(headers(1, hex("88"), true))],
  ])("gets back what a stream held when it ends by %s", (_what, end) => {
    const bench = runningServer({ connectionWindowBytes: 65_535 });
    for (let id = 1; id < 40; id += 2) {
      bench.receive(headers(id, requestBlock));
      if (id === 1) fill(bench, id);
    }
    end(bench);
    expect(bench.frames()).toContain("WINDOW_UPDATE 0 65535");
    fill(bench, 3);
    expect(bench.connection.closed).toBe(false);
  });

  it("gets DATA for a stream that is gone back at once", () => {
    const bench = runningServer({ connectionWindowBytes: 65_535 });
    bench.receive(headers(1, requestBlock));
    bench.connection.reset(bench.handler.stream(1), 8);
    for (let n = 0; n < 100; n++) bench.receive(data(1, 16_384));
    expect(bench.connection.closed).toBe(false);
    expect(bench.frames().filter((line) => line === "WINDOW_UPDATE 0 32768")).toHaveLength(50);
  });
});

describe("growWindow()", () => {
  it("raises a stream's window, and the connection's to four times that", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock));
    bench.connection.growWindow(bench.handler.stream(1), 1_048_576);
    expect(bench.frames()).toEqual([`WINDOW_UPDATE 1 ${1_048_576 - 65_535}`, `WINDOW_UPDATE 0 ${3 * 1_048_576}`]);
    bench.connection.growWindow(bench.handler.stream(1), 1_000_000);
    expect(bench.frames()).toEqual([]);
    for (let n = 0; n < 64; n++) bench.receive(data(1, 16_384));
    expect(bench.connection.openStreams).toBe(1);
    bench.receive(data(1, 1));
    expect(bench.frames()).toEqual(["RST_STREAM 1 3"]);
  });
});

describe("a window below the default", () => {
  it("counts from the acknowledgement on, also for open streams", () => {
    const bench = new Bench("server", { initialWindowBytes: 100 });
    bench.receive(clientHello, headers(1, requestBlock), data(1, 5_000));
    expect(bench.connection.openStreams).toBe(1);
    bench.receive(settingsAck);
    bench.connection.consume(bench.handler.stream(1), 5_000);
    bench.output();
    bench.receive(data(1, 100), headers(3, requestBlock), data(3, 101));
    expect(bench.frames()).toEqual(["RST_STREAM 3 3"]);
    bench.receive(data(1, 1));
    expect(bench.frames()).toEqual(["RST_STREAM 1 3"]);
  });
});

type Step = readonly [
  verb: "open" | "write" | "writeBack" | "consume" | "exchange" | "reset" | "settings",
  who: number,
  size: number,
];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(
    "open",
    "write",
    "write",
    "writeBack",
    "writeBack",
    "consume",
    "consume",
    "exchange",
    "exchange",
    "reset",
    "settings",
  ),
  fc.nat(7),
  fc.integer({ min: 0, max: 40_000 }),
);

describe("window accounting", () => {
  it("returns exactly to its start after any schedule, and every octet arrives in order", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 120, size: "max" }),
        fc.constantFrom([65_535, 1_000], [65_535, 200_000], [100_000, 10_000], [100_000, 1_000_000]),
        runSchedule,
      ),
      { numRuns: 40 },
    );
  });
});

/** Both sides write and consume as the schedule says; then everything is consumed and the windows are measured. */
function runSchedule(steps: readonly Step[], windows: readonly number[]): void {
  const [connectionWindowBytes = 0, initialWindowBytes = 0] = windows;
  const client = new Bench("client", { connectionWindowBytes, initialWindowBytes });
  const server = new Bench("server", { connectionWindowBytes, initialWindowBytes });
  exchange(client, server);
  const sent = new Map<string, number>();
  const owed = new Map<string, number>();
  const ids: number[] = [];
  for (const [bench, name] of [
    [client, "client"],
    [server, "server"],
  ] as const) {
    bench.handler.react.onData = (stream, _bytes, start, end) => {
      const key = `${name} ${stream.id}`;
      owed.set(key, (owed.get(key) ?? 0) + end - start);
    };
  }
  const send = (bench: Bench, name: string, id: number, size: number): void => {
    const stream = bench.handler.streams.get(id);
    if (stream === undefined) return;
    const key = `${name} ${id}`;
    const from = sent.get(key) ?? 0;
    const bytes = counting(from, size);
    const at = size > 0 && size < 3_000 ? bench.connection.reserve(stream, size) : -1;
    if (at >= 0) bench.connection.outputBytes.set(bytes, at);
    else bench.connection.write(stream, bytes, 0, size, false);
    sent.set(key, from + size);
  };
  const consume = (bench: Bench, name: string, id: number, most: number): void => {
    const stream = bench.handler.streams.get(id);
    const count = Math.min(most, owed.get(`${name} ${id}`) ?? 0);
    if (stream === undefined) return;
    bench.connection.consume(stream, count);
    owed.set(`${name} ${id}`, (owed.get(`${name} ${id}`) ?? 0) - count);
  };
  const opening = Array.from({ length: 4 }, (): Step => ["open", 0, 0]);
  for (const [verb, who, size] of [...opening, ...steps]) {
    const id = ids[who % Math.max(1, ids.length)] ?? 1;
    if (verb === "open" && ids.length < 8) {
      const stream = client.request(false);
      client.handler.streams.set(stream.id, stream);
      ids.push(stream.id);
      exchange(client, server);
      server.respond(stream.id);
    } else if (verb === "write") send(client, "client", id, size);
    else if (verb === "writeBack") send(server, "server", id, size);
    else if (verb === "consume") {
      consume(who % 2 === 0 ? client : server, who % 2 === 0 ? "client" : "server", id, size);
    } else if (verb === "reset" && size < 20_000) {
      const stream = client.handler.streams.get(id);
      if (stream !== undefined) client.connection.reset(stream, 8);
    } else exchange(client, server);
  }
  // Everything consumed, nothing on its way: as often as it takes for the backlogs to go.
  const isQuiet = (): boolean =>
    [client, server].every((bench) =>
      [...bench.handler.streams.values()].every((stream) => stream.queuedBytes === 0),
    ) && [...owed.values()].every((count) => count === 0);
  do {
    exchange(client, server);
    for (const id of ids) {
      consume(client, "client", id, Number.POSITIVE_INFINITY);
      consume(server, "server", id, Number.POSITIVE_INFINITY);
      for (const [name, bench] of [
        ["client", client],
        ["server", server],
      ] as const) {
        if (!bench.handler.streams.has(id)) owed.delete(`${name} ${id}`);
      }
    }
    exchange(client, server);
  } while (!isQuiet());
  expect(client.connection.closed || server.connection.closed).toBe(false);
  for (const id of ids) {
    const [left, right] = [client.handler.streams.get(id), server.handler.streams.get(id)];
    if (left === undefined || right === undefined) continue;
    expect([left.queuedBytes, right.queuedBytes]).toEqual([0, 0]);
    expectCounting(server.handler.bodies.get(id) ?? [], sent.get(`client ${id}`) ?? 0);
    expectCounting(client.handler.bodies.get(id) ?? [], sent.get(`server ${id}`) ?? 0);
    expectExactWindow(client, server, id, Math.min(initialWindowBytes, connectionWindowBytes));
    expectExactWindow(server, client, id, Math.min(initialWindowBytes, connectionWindowBytes));
  }
}

function expectCounting(octets: readonly number[], length: number): void {
  expect(octets).toHaveLength(length);
  expect(octets.findIndex((octet, index) => octet !== index % 251)).toBe(-1);
}

/**
 * Sends and consumes until the room grows by a WINDOW_UPDATE: with nothing held and nothing unannounced, it must then be
 * the whole window, to the octet. (Both sides' windows are far enough apart that only the smaller one shows.)
 */
function expectExactWindow(from: Bench, to: Bench, id: number, size: number): void {
  let room = from.connection.room(from.handler.stream(id));
  expect(room).toBeLessThanOrEqual(size);
  for (let round = 0; ; round++) {
    if (round > 2_000) throw new Error("Cannot measure the window: no WINDOW_UPDATE came");
    from.connection.write(from.handler.stream(id), counting(0, 97), 0, 97, false);
    exchange(from, to);
    to.connection.consume(to.handler.stream(id), 97);
    exchange(from, to);
    const now = from.connection.room(from.handler.stream(id));
    if (now > room - 97) {
      expect(now).toBe(size);
      return;
    }
    room = now;
  }
}
