// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { WindowBudget } from "../flow/window-budget.js";
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
  windowUpdate,
} from "../frame/frames.suite.js";
import { clientPreface } from "../frame/preface.js";
import { defaultLimits, type Limits } from "../limits.js";
import { Bench, runningClient, runningServer } from "./recorder.suite.js";

/** One way to hit a limit. */
interface Hit {
  readonly what: string;
  /** Limits that make it short; default: the defaults. */
  readonly limits?: Partial<Limits>;
  /** Returns the connection on which the limit was hit. */
  run(limits: Partial<Limits>): Bench;
  /** How often; default once. */
  readonly hits?: number;
  /** Other limits that cannot but be hit on the way, and how often. */
  readonly also?: Partial<Record<keyof Limits, number>>;
}

const ids = (count: number, from = 1): number[] => Array.from({ length: count }, (_, n) => from + 2 * n);
const repeated = (count: number, bytes: Uint8Array): Uint8Array => join(...Array.from({ length: count }, () => bytes));

/** A server that gets these octets. */
function served(...input: readonly Uint8Array[]): (limits: Partial<Limits>) => Bench {
  return (limits) => {
    const bench = runningServer({ limits });
    bench.receive(...input);
    return bench;
  };
}

/** A server on which `step` is done and then some time goes by. */
function waited(ms: number, step: (bench: Bench) => void, start = runningServer): (limits: Partial<Limits>) => Bench {
  return (limits) => {
    const bench = start({ limits });
    step(bench);
    for (let nowMs = 0; nowMs <= ms; nowMs += 1_000) bench.connection.sweep(nowMs);
    return bench;
  };
}

const fresh: typeof runningServer = (options) => new Bench("server", options);
const malformed = join(requestBlock, hex("00 01 41 01 61"));
const longField = join(hex("00 01 61 40"), new Uint8Array(0x40).fill(0x61));
const manyFields = new Uint8Array(20).fill(0x83);

/** A server that sends more than the client's window, or its transport, takes. */
function respondAndWrite(bench: Bench, octets: number): void {
  bench.receive(headers(1, requestBlock));
  bench.respond(1);
  bench.write(1, octets);
}

/** Every limit; a new one does not compile, and fails below, without its line. */
const hits: Readonly<Record<keyof Limits, readonly Hit[]>> = {
  concurrentStreams: [
    {
      what: "streams beyond it are refused",
      limits: { concurrentStreams: 2 },
      run: served(...ids(5).map((id) => headers(id, requestBlock))),
      hits: 3,
    },
    {
      what: "a stream is refused because work lingers",
      limits: { concurrentStreams: 1 },
      run: (limits) => {
        const bench = runningServer({ limits });
        bench.connection.lingering = 1;
        bench.receive(headers(1, requestBlock));
        return bench;
      },
    },
  ],
  refusedStreams: [
    {
      what: "refusals",
      limits: { concurrentStreams: 1, refusedStreams: 3 },
      run: served(...ids(5).map((id) => headers(id, requestBlock))),
      also: { concurrentStreams: 3 },
    },
  ],
  peerResets: [
    {
      what: "rapid reset",
      limits: { peerResets: 5 },
      run: served(...ids(6).map((id) => join(headers(id, requestBlock), rstStream(id, 8)))),
    },
  ],
  streamErrors: [
    {
      what: "malformed requests",
      limits: { streamErrors: 5 },
      run: served(...ids(6).map((id) => headers(id, malformed, true))),
    },
  ],
  turnFrames: [
    { what: "frames in one read", limits: { turnFrames: 10 }, run: served(repeated(25, frame(0x77, 0, 0))), hits: 2 },
  ],
  turnStreams: [
    {
      what: "streams in one read",
      limits: { turnStreams: 2 },
      run: served(...ids(5).map((id) => headers(id, requestBlock, true))),
      hits: 2,
    },
  ],
  unreadReplies: [
    {
      what: "PING by a peer that reads nothing",
      limits: { unreadReplies: 5, pingStrikes: 1_000 },
      run: (limits) => {
        const bench = runningServer({ limits });
        bench.connection.setHeld(true);
        bench.receive(repeated(8, ping()));
        return bench;
      },
    },
  ],
  queuedReplies: [
    {
      what: "PING faster than answers leave",
      limits: { queuedReplies: 5, pingStrikes: 1_000 },
      run: served(repeated(6, ping())),
    },
    { what: "SETTINGS faster than answers leave", limits: { queuedReplies: 5 }, run: served(repeated(6, settings())) },
  ],
  pingStrikes: [{ what: "PING without need", run: served(repeated(4, ping())) }],
  settingsEntries: [
    { what: "entries", limits: { settingsEntries: 2 }, run: served(settings([99, 1], [99, 2], [99, 3])) },
  ],
  settingsFrames: [{ what: "SETTINGS", limits: { settingsFrames: 5 }, run: served(repeated(4, settings())) }],
  emptyFrames: [
    {
      what: "empty DATA",
      limits: { emptyFrames: 5 },
      run: served(headers(1, requestBlock), repeated(6, data(1, 0))),
    },
  ],
  windowUpdates: [
    { what: "WINDOW_UPDATE", limits: { windowUpdates: 5 }, run: served(repeated(6, windowUpdate(0, 1))) },
  ],
  priorities: [
    { what: "PRIORITY", limits: { priorities: 5 }, run: served(repeated(6, frame(2, 0, 1, hex("0000000010")))) },
  ],
  strayFrames: [
    { what: "frames of unknown types", limits: { strayFrames: 5 }, run: served(repeated(6, frame(0x77, 0, 0))) },
  ],
  lastStreamId: [
    {
      what: "the client comes to the last ids, told once",
      limits: { lastStreamId: 5 },
      run: served(...ids(3, 3).map((id) => headers(id, requestBlock))),
    },
    {
      what: "we come to the last ids as a client",
      limits: { lastStreamId: 5 },
      run: (limits) => {
        const bench = runningClient({ limits });
        for (let n = 0; n < 3 && bench.connection.canOpen; n++) bench.request();
        return bench;
      },
    },
  ],
  grownWindowBytes: [
    {
      what: "a path that would take more",
      limits: { grownWindowBytes: 100_000 },
      run: (limits) => {
        const windows = new WindowBudget(2 ** 30);
        const bench = runningServer({ limits, windows, connectionWindowBytes: 65_535 });
        bench.receive(headers(1, requestBlock));
        for (let nowMs = 0; nowMs < 1_000 && bench.counters.limitHits.grownWindowBytes === 0; nowMs += 100) {
          bench.nowMs = nowMs;
          const [stream] = bench.handler.streams.values();
          bench.receive(repeated(3, data(1, 16_000)));
          if (stream !== undefined) bench.connection.consume(stream, 48_000);
          const pings = bench.frames().filter((line) => /^PING [0-9a-f]/.test(line));
          bench.nowMs = nowMs + 50;
          for (const line of pings) bench.receive(ping(line.slice("PING ".length), true));
        }
        return bench;
      },
    },
  ],
  outputBytes: [
    {
      what: "a stream waits for a transport that is full, told once",
      limits: { outputBytes: 1_000 },
      run: (limits) => {
        const bench = runningServer({ limits });
        bench.connection.setHeld(true);
        respondAndWrite(bench, 2_000);
        bench.write(1, 2_000);
        return bench;
      },
    },
    {
      what: "a reservation that finds no room",
      limits: { outputBytes: 1_000 },
      run: (limits) => {
        const bench = runningServer({ limits });
        bench.connection.setHeld(true);
        respondAndWrite(bench, 900);
        expect(bench.connection.reserve(bench.handler.stream(1), 200)).toBe(-1);
        return bench;
      },
    },
  ],
  overflowBytes: [
    {
      what: "answers to a peer that reads none",
      limits: { outputBytes: 500, overflowBytes: 500, peerResets: 10_000 },
      run: (limits) => {
        const bench = runningServer({ limits });
        bench.connection.setHeld(true);
        bench.handler.react.onHead = (stream) => bench.respond(stream.id, true);
        for (const id of ids(200)) bench.receive(headers(id, requestBlock, true));
        return bench;
      },
    },
  ],
  prefaceMs: [{ what: "a client that says nothing", run: waited(10_000, () => {}, fresh) }],
  firstSettingsMs: [
    { what: "a client without SETTINGS", run: waited(5_000, (bench) => bench.receive(clientPreface), fresh) },
  ],
  settingsAckMs: [
    { what: "a client that acknowledges nothing", run: waited(10_000, (bench) => bench.receive(clientHello), fresh) },
  ],
  headerBlockMs: [
    { what: "a block that is not completed", run: waited(5_000, (bench) => bench.receive(frame(1, 0, 1))) },
  ],
  stallMs: [
    { what: "a stream whose window stays closed", run: waited(32_000, (bench) => respondAndWrite(bench, 70_000)) },
    { what: "a transport that takes nothing", run: waited(31_000, (bench) => bench.connection.setHeld(true)) },
  ],
  drainPingMs: [
    { what: "a PING of a graceful shutdown without answer", run: waited(6_000, (bench) => bench.connection.drain("")) },
  ],
  headerBlockBytes: [
    {
      what: "a block in pieces",
      limits: { headerBlockBytes: 20 },
      run: served(frame(1, 0, 1), frame(9, 0, 1, new Uint8Array(21))),
    },
    { what: "a block in one frame", limits: { headerBlockBytes: 20 }, run: served(headers(1, new Uint8Array(21))) },
  ],
  continuationFrames: [
    {
      what: "CONTINUATION",
      limits: { continuationFrames: 3 },
      run: served(frame(1, 0, 1), repeated(4, frame(9, 0, 1))),
    },
  ],
  headerListBytes: [
    {
      what: "a request",
      limits: { headerListBytes: 150 },
      run: served(headers(1, join(requestBlock, longField), true)),
    },
    {
      what: "a response",
      limits: { headerListBytes: 100 },
      run: (limits) => {
        const bench = runningClient({ limits });
        bench.request();
        bench.receive(headers(1, join(responseBlock, longField)));
        return bench;
      },
    },
    {
      what: "a request many times too large, which ends the connection",
      limits: { headerListBytes: 100, headerFields: 1_000 },
      run: served(headers(1, manyFields, true)),
    },
  ],
  headerFields: [
    { what: "a request", limits: { headerFields: 3 }, run: served(headers(1, join(requestBlock, longField), true)) },
    {
      what: "a request with many times too many, which ends the connection",
      limits: { headerFields: 3 },
      run: served(headers(1, manyFields, true)),
    },
  ],
  headerTableBytes: [{ what: "a table size above it", run: served(headers(1, join(hex("3f e2 1f"), requestBlock))) }],
};

const cases = Object.entries(hits).flatMap(([limit, ways]) => ways.map((way) => ({ limit, ...way })));

describe("EngineCounters.limitHits", () => {
  it.each(Object.keys(defaultLimits))("%s is hit by a test", (limit) => {
    expect(hits[limit as keyof Limits]?.length).toBeGreaterThan(0);
  });

  it.each(cases)("$limit alone is counted: $what", ({ limit, limits = {}, run, hits: count = 1, also = {} }) => {
    const { counters } = run(limits);
    const counted = Object.entries(counters.limitHits).filter(([, hit]) => hit > 0);
    expect(Object.fromEntries(counted)).toEqual({ [limit]: count, ...also });
  });
});
