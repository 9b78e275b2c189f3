// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WindowBudget } from "../flow/window-budget.js";
import {
  data,
  headers,
  join,
  ping,
  requestBlock,
  settings,
  settingsAck,
  toHex,
  windowUpdate,
} from "../frame/frames.suite.js";
import { ascii } from "../frame/preface.js";
import { Bench, exchange, runningServer } from "./recorder.suite.js";

const howFast = toHex(ascii("how fast"));
const mebibyte = 1_048_576;

/** A server whose windows may grow, with one open request; it consumes what comes. */
function growing(budgetBytes = 64 * mebibyte, options: ConstructorParameters<typeof Bench>[1] = {}): Bench {
  const bench = runningServer({ windows: new WindowBudget(budgetBytes), ...options });
  consumeAll(bench);
  bench.receive(headers(1, requestBlock));
  return bench;
}

/** Octets go back at once, and nobody writes them down. */
function consumeAll(bench: Bench): void {
  bench.handler.onData = (stream, _bytes, start, end) => bench.connection.consume(stream, end - start);
}

/** `octets` of DATA in frames of at most 16,384. */
function flow(id: number, octets: number): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let left = octets; left > 0; left -= 16_384) frames.push(data(id, Math.min(left, 16_384)));
  return join(...frames);
}

/**
 * A client that sends one window of DATA in each round trip of 100 ms, as a path without end would let it. Returns what
 * windows the server announced, in order.
 */
function windowsOf(bench: Bench, rounds: number, perRound = Number.POSITIVE_INFINITY): number[] {
  const announced: number[] = [];
  let window = 65_535;
  let answer: Uint8Array = new Uint8Array(0);
  for (let n = 0; n < rounds; n++) {
    bench.nowMs += 100;
    const octets = Math.min(window, perRound);
    // As every stack does, it answers before it goes on with DATA.
    bench.receive(answer, flow(1, octets));
    answer = new Uint8Array(0);
    for (const line of bench.frames()) {
      const setting = /^SETTINGS 4=(\d+)$/.exec(line);
      if (setting !== null) {
        window = Number(setting[1]);
        announced.push(window);
        answer = join(answer, settingsAck);
      } else if (line === `PING ${howFast}`) answer = join(answer, ping(howFast, true));
    }
  }
  return announced;
}

describe("receive windows", () => {
  it("keep their sizes without a budget", () => {
    const bench = runningServer();
    consumeAll(bench);
    bench.receive(headers(1, requestBlock));
    expect(windowsOf(bench, 50)).toEqual([]);
  });

  it("double with what a round trip brings, up to the limit, and no measurement follows", () => {
    const bench = growing();
    expect(windowsOf(bench, 40)).toEqual([
      131_070,
      262_140,
      524_280,
      mebibyte - 16,
      2 * mebibyte - 32,
      4 * mebibyte - 64,
      4 * mebibyte,
    ]);
    expect(bench.counters.limitHits.grownWindowBytes).toBeGreaterThan(0);
    bench.nowMs += 100;
    for (let n = 0; n < 4; n++) bench.receive(flow(1, 2 * mebibyte));
    expect(bench.frames().filter((line) => line.startsWith("PING") || line.startsWith("SETTINGS"))).toEqual([]);
    expect(bench.connection.roundTripMs).toBe(100);
  });

  it("grow for the connection to four times those of streams, taken from the budget and given back at the end", () => {
    const windows = new WindowBudget(64 * mebibyte);
    const bench = growing(0, { windows });
    windowsOf(bench, 40);
    expect(windows.takenBytes).toBe(15 * mebibyte);
    bench.connection.close(0, "bye");
    expect([windows.takenBytes, windows.shortages]).toEqual([0, 0]);
  });

  it("stay where the path is the limit", () => {
    // 100,000 octets in a round trip are all there is: twice that is enough.
    const announced = windowsOf(growing(), 200, 100_000);
    expect(announced).toEqual([131_070, 200_000]);
  });

  it("stop growing when the budget is used up, and others grow when it is free again", () => {
    const windows = new WindowBudget(3 * mebibyte);
    const [first, second] = [growing(0, { windows }), growing(0, { windows })];
    expect(windowsOf(first, 40).at(-1)).toBe(mebibyte);
    // Inside the connection's initial window there is room for a stream's to grow all the same.
    expect(windowsOf(second, 40).at(-1)).toBe(mebibyte / 4);
    expect(windows.takenBytes).toBe(3 * mebibyte);
    expect(windows.shortages).toBeGreaterThan(0);
    first.connection.close(0, "bye");
    expect(windows.takenBytes).toBe(0);
    const third = growing(0, { windows });
    expect(windowsOf(third, 40).at(-1)).toBe(mebibyte);
  });

  it("do not make small calls pay: no PING before half a window was used", () => {
    const bench = growing();
    for (let id = 3; id < 4_000; id += 2) {
      bench.receive(headers(id, requestBlock), data(id, 200, true));
      bench.respond(id, true);
    }
    expect(bench.frames().filter((line) => line.startsWith("PING"))).toEqual([]);
  });

  it("are measured again and again at first, then ever rarer while that teaches nothing", () => {
    const bench = growing();
    let pings = 0;
    for (let n = 0; n < 4_000; n++) {
      bench.nowMs += 1;
      bench.receive(data(1, 16_384));
      for (const line of bench.frames()) {
        if (line !== `PING ${howFast}`) continue;
        pings++;
        bench.receive(ping(howFast, true));
      }
    }
    // 2,000 halves of the stream's window went by.
    expect(pings).toBeGreaterThan(5);
    expect(pings).toBeLessThan(40);
  });

  it("grow for the connection alone when many streams share it", () => {
    const windows = new WindowBudget(64 * mebibyte);
    const bench = growing(0, { windows });
    const ids = Array.from({ length: 50 }, (_, n) => 2 * n + 3);
    bench.receive(...ids.map((id) => headers(id, requestBlock)));
    let answer: Uint8Array = new Uint8Array(0);
    const lines: string[] = [];
    for (let round = 0; round < 20; round++) {
      bench.nowMs += 100;
      bench.receive(answer, ...ids.map((id) => data(id, 16_000)));
      const frames = bench.frames();
      lines.push(...frames.filter((line) => line.startsWith("SETTINGS")));
      answer = frames.includes(`PING ${howFast}`) ? ping(howFast, true) : new Uint8Array(0);
      // Streams end before half of their own windows is used.
      if (round % 2 === 1) {
        bench.receive(...ids.map((id) => data(id, 0, true)));
        for (const id of ids.splice(0)) {
          bench.respond(id, true);
          ids.push(id + 100);
        }
        bench.receive(...ids.map((id) => headers(id, requestBlock)));
        bench.output();
      }
    }
    expect(lines).toEqual([]);
    expect(windows.takenBytes).toBe(2 * 800_000 - mebibyte);
  });

  it("wait with a larger initial window until the last SETTINGS are acknowledged", () => {
    const bench = new Bench("server", { windows: new WindowBudget(mebibyte) });
    consumeAll(bench);
    bench.receive(join(ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings()), headers(1, requestBlock));
    bench.receive(flow(1, 65_535));
    bench.receive(flow(1, 65_535));
    expect(bench.frames()).toContain(`PING ${howFast}`);
    bench.nowMs += 10;
    bench.receive(ping(howFast, true));
    expect(bench.frames().filter((line) => line.startsWith("SETTINGS 4"))).toEqual([]);
  });

  it("count at once for open streams, those that were raised before included", () => {
    const bench = growing();
    bench.receive(headers(3, requestBlock), headers(5, requestBlock));
    bench.connection.growWindow(bench.handler.stream(3), 100_000);
    bench.output();
    expect(windowsOf(bench, 4)).toEqual([131_070]);
    // Not one octet more than what is announced now, and nothing less.
    bench.handler.onData = () => {};
    bench.receive(flow(3, 100_000 + 65_535), flow(5, 131_070));
    expect(bench.connection.openStreams).toBe(3);
    bench.receive(data(3, 1), data(5, 1));
    expect(bench.frames()).toEqual(expect.arrayContaining(["RST_STREAM 3 3", "RST_STREAM 5 3"]));
  });

  it("never pass 2^31-1: streams that a user raised so far keep the others from growing", () => {
    const bench = growing();
    bench.receive(headers(3, requestBlock));
    bench.connection.growWindow(bench.handler.stream(3), 0x7fff_ffff);
    bench.output();
    expect(windowsOf(bench, 10)).toEqual([]);
  });

  it("do not count the answer to a measurement twice", () => {
    const bench = growing(mebibyte, { limits: { strayFrames: 1 } });
    bench.receive(flow(1, 65_535));
    bench.receive(flow(1, 10));
    expect(bench.frames()).toContain(`PING ${howFast}`);
    bench.receive(ping(howFast, true));
    expect(bench.connection.closed).toBe(false);
    bench.receive(...Array.from({ length: 5 }, () => ping(howFast, true)));
    expect(bench.handler.closeReason?.limit).toBe("strayFrames");
  });
});

type Step = readonly [verb: "open" | "write" | "consume" | "pass" | "reset" | "grow", who: number, size: number];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("open", "write", "write", "write", "consume", "consume", "pass", "pass", "pass", "reset", "grow"),
  fc.nat(5),
  fc.integer({ min: 1, max: 200_000 }),
);

describe("windows that grow", () => {
  it("never exceed limit or budget, match at both ends to the octet, and leave nothing behind", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 30, maxLength: 120, size: "max" }),
        fc.constantFrom(0, 100_000, mebibyte, 64 * mebibyte),
        fc.constantFrom(100_000, 2 * mebibyte, 16 * mebibyte),
        runSchedule,
      ),
      { numRuns: 60 },
    );
  });
});

/** A client uploads, a server consumes, as the schedule says; then all is consumed and both ends are compared. */
function runSchedule(steps: readonly Step[], budgetBytes: number, grownWindowBytes: number): void {
  const windows = new WindowBudget(budgetBytes);
  const client = new Bench("client", { windows });
  const server = new Bench("server", { windows, limits: { grownWindowBytes, strayFrames: 1_000_000 } });
  const owed = new Map<number, number>();
  server.handler.onData = (stream, _bytes, start, end) => {
    owed.set(stream.id, (owed.get(stream.id) ?? 0) + end - start);
  };
  const ids: number[] = [];
  const consume = (id: number, most: number): void => {
    const stream = server.handler.streams.get(id);
    const count = Math.min(most, owed.get(id) ?? 0);
    owed.set(id, stream === undefined ? 0 : (owed.get(id) ?? 0) - count);
    if (stream !== undefined) server.connection.consume(stream, count);
  };
  const pass = (): void => {
    client.nowMs += 5;
    server.nowMs += 5;
    exchange(client, server);
    expect(windows.takenBytes).toBeLessThanOrEqual(budgetBytes);
    expect([client.connection.closed, server.connection.closed]).toEqual([false, false]);
  };
  pass();
  for (const [verb, who, size] of [["open", 0, 0] as const, ...steps]) {
    const id = ids[who % Math.max(1, ids.length)] ?? 1;
    const stream = client.handler.streams.get(id);
    if (verb === "open" && ids.length < 6) {
      const opened = client.request(false);
      client.handler.streams.set(opened.id, opened);
      ids.push(opened.id);
    } else if (verb === "write" && stream !== undefined) {
      client.connection.write(stream, new Uint8Array(size), 0, size, false);
    } else if (verb === "consume") consume(id, size);
    else if (verb === "reset" && size < 20_000 && stream !== undefined) client.connection.reset(stream, 8);
    else if (verb === "grow" && server.handler.streams.has(id)) {
      server.connection.growWindow(server.handler.stream(id), size);
    } else pass();
  }
  const isQuiet = (): boolean =>
    [...client.handler.streams.values()].every(({ queuedBytes }) => queuedBytes === 0) &&
    [...owed.values()].every((count) => count === 0);
  do {
    pass();
    for (const id of owed.keys()) consume(id, Number.POSITIVE_INFINITY);
    pass();
  } while (!isQuiet());
  for (const id of ids) if (client.handler.streams.has(id)) expectFullRoom(client, server, id, grownWindowBytes);
  for (const bench of [client, server]) bench.connection.close(0, "bye");
  expect(windows.takenBytes).toBe(0);
}

/** What the client may send until it must wait is no more than the limit, and comes back whole. */
function expectFullRoom(client: Bench, server: Bench, id: number, grownWindowBytes: number): void {
  const roomOf = (): number => client.connection.room(client.handler.stream(id));
  const room = roomOf();
  expect(room).toBeLessThanOrEqual(Math.max(grownWindowBytes, 4 * mebibyte));
  client.connection.write(client.handler.stream(id), new Uint8Array(room), 0, room, false);
  exchange(client, server);
  server.connection.consume(server.handler.stream(id), room);
  exchange(client, server);
  expect(roomOf()).toBeGreaterThanOrEqual(room);
}

describe("a WINDOW_UPDATE of the peer", () => {
  it("begins no measurement", () => {
    const bench = growing();
    bench.receive(windowUpdate(0, 100_000), windowUpdate(1, 100_000));
    expect(bench.frames()).toEqual([]);
  });
});
