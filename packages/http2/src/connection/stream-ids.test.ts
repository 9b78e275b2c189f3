// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  data,
  headers,
  hex,
  join,
  ping,
  requestBlock,
  responseBlock,
  rstStream,
  toHex,
} from "../frame/frames.suite.js";
import { ascii } from "../frame/preface.js";
import { defaultLimits } from "../limits.js";
import { Bench, exchange, runningClient, runningServer } from "./recorder.suite.js";

const drainPing = toHex(ascii("draining"));
const goodbye = ["GOAWAY 2147483647 0 stream ids run out", `PING ${drainPing}`];

describe("a server whose client's ids run out", () => {
  it("drains at 2^30, and still serves what comes before the client knows", () => {
    const bench = runningServer();
    const last = defaultLimits.lastStreamId;
    bench.receive(headers(last - 1, requestBlock, true));
    expect(bench.frames()).toEqual([]);
    bench.receive(headers(last + 1, requestBlock, true));
    expect(bench.frames()).toEqual(goodbye);
    bench.receive(headers(last + 3, requestBlock, true), ping(drainPing, true));
    expect(bench.frames()).toEqual([`GOAWAY ${last + 3} 0`]);
    for (const id of [last - 1, last + 1, last + 3]) bench.respond(id, true);
    bench.output();
    expect(bench.handler.closeReason).toEqual({ code: 0, by: "local", message: "drained" });
    expect(bench.counters.limitHits.lastStreamId).toBe(1);
  });

  it.each([
    ["is refused", runningServer({ limits: { concurrentStreams: 0 } }), requestBlock, "RST_STREAM 1073741825 7"],
    ["is malformed", runningServer(), join(requestBlock, hex("00 01 41 01 61")), "RST_STREAM 1073741825 1"],
    ["has too many fields", runningServer({ limits: { headerFields: 1 } }), requestBlock, "HEADERS 1073741825 end"],
  ])("drains also if the request with such an id %s", (_what, bench, block, answer) => {
    bench.receive(headers(defaultLimits.lastStreamId + 1, block, true));
    expect(bench.frames()).toEqual([answer, ...goodbye]);
  });

  it("takes ids up to the very last one", () => {
    const bench = runningServer();
    const last = 2 ** 31 - 1;
    for (const id of [last - 4, last - 2, last]) bench.receive(headers(id, requestBlock), data(id, 10, true));
    expect(bench.handler.take().filter((line) => line.startsWith("data"))).toEqual([
      `data ${last - 4} 10 end`,
      `data ${last - 2} 10 end`,
      `data ${last} 10 end`,
    ]);
    expect(bench.frames()).toEqual(goodbye);
    bench.receive(ping(drainPing, true));
    expect(bench.frames()).toEqual([`GOAWAY ${last} 0`]);
    for (const id of [last - 4, last - 2, last]) bench.respond(id, true);
    expect(bench.frames()).toEqual([`HEADERS ${last - 4} end`, `HEADERS ${last - 2} end`, `HEADERS ${last} end`]);
    expect(bench.connection.closed).toBe(true);
  });

  it("takes no id twice", () => {
    const last = 2 ** 31 - 1;
    for (const next of [headers(last, requestBlock), headers(1, requestBlock), headers(last - 2, requestBlock)]) {
      const bench = runningServer();
      bench.receive(headers(last, requestBlock, true), rstStream(last, 8));
      expect(bench.connection.closed).toBe(false);
      bench.receive(next);
      expect(bench.handler.closeReason?.code).toBeGreaterThan(0);
    }
  });
});

describe("a client whose ids run out", () => {
  it("opens no more streams, says so, and finishes those that it has", () => {
    const bench = runningClient({ limits: { lastStreamId: 5 } });
    expect([bench.connection.canOpen, bench.connection.idsUsedUp]).toEqual([true, false]);
    bench.request();
    bench.request();
    expect([bench.connection.canOpen, bench.connection.idsUsedUp]).toEqual([false, true]);
    expect(() => bench.request()).toThrow("canOpen must be true");
    expect(bench.counters.limitHits.lastStreamId).toBe(1);
    bench.receive(headers(1, responseBlock, true), headers(3, responseBlock, true));
    expect([bench.connection.closed, bench.connection.canOpen, bench.connection.openStreams]).toEqual([
      false,
      false,
      0,
    ]);
  });

  it("is not the same as a server's limit, which time may lift", () => {
    const bench = new Bench("client");
    for (let n = 0; n < 100; n++) bench.request();
    expect([bench.connection.canOpen, bench.connection.idsUsedUp]).toEqual([false, false]);
    expect(runningServer({ limits: { lastStreamId: 0 } }).connection.idsUsedUp).toBe(false);
  });
});

describe("two connections", () => {
  it("move on to the next ones without a failed call, whoever runs out first", () => {
    for (const limits of [
      { client: { lastStreamId: 21 }, server: {} },
      { client: {}, server: { lastStreamId: 21 } },
    ]) {
      let client = new Bench("client", { limits: limits.client });
      let server = new Bench("server", { limits: limits.server });
      const results: string[] = [];
      let connections = 1;
      exchange(client, server);
      for (let call = 0; call < 100; call++) {
        if (!client.connection.canOpen) {
          client = new Bench("client", { limits: limits.client });
          server = new Bench("server", { limits: limits.server });
          connections++;
          exchange(client, server);
        }
        const { id } = client.request();
        exchange(client, server);
        server.respond(id, true);
        exchange(client, server);
        results.push(...client.handler.take().filter((line) => line.startsWith("closed")));
      }
      expect(results.filter((line) => !line.endsWith(" 0 end"))).toEqual([]);
      expect(results).toHaveLength(100);
      expect(connections).toBeGreaterThan(5);
    }
  });
});
