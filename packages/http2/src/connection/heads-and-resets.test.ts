// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  data,
  headers,
  join,
  requestBlock,
  responseBlock,
  rstStream,
  trailersBlock,
  windowUpdate,
} from "../frame/frames.suite.js";
import { createHeaderTemplate } from "../hpack/header-template.js";
import { Http2Error } from "../http2-error.js";
import { answering, Bench, literals, requestTemplate, runningClient, runningServer } from "./recorder.suite.js";

describe("writeHead()", () => {
  it("sends a Trailers-Only answer", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock, true));
    bench.respond(1, true);
    expect(bench.frames()).toEqual(["HEADERS 1 end"]);
    expect(bench.handler.take().at(-1)).toBe("closed 1 0 end");
  });

  it("cuts a block that no frame holds", () => {
    const client = new Bench("client");
    const server = new Bench("server", { limits: { headerListBytes: 65_000, headerBlockBytes: 65_000 } });
    const large = literals(["x-large", "v".repeat(40_000)]);
    client.connection.open(requestTemplate, large, 0, large.length, true);
    const output = client.output();
    server.receive(output);
    expect(server.handler.take()[0]).toMatch(/^head 1 .*x-large=v{40000} end$/);
  });

  it.each([
    ["a second head that does not end", (bench: Bench) => bench.respond(1)],
    [
      "a head behind the end",
      (bench: Bench) => {
        bench.trail(1);
        bench.trail(1);
      },
    ],
    [
      "data behind the end",
      (bench: Bench) => {
        bench.write(1, 1, true);
        bench.write(1, 1);
      },
    ],
    [
      "a head behind a queued end",
      (bench: Bench) => {
        bench.write(1, 70_000, true);
        bench.trail(1);
      },
    ],
    ["more taken than came", (bench: Bench) => bench.connection.consume(bench.handler.stream(1), 1)],
    ["a negative count", (bench: Bench) => bench.connection.consume(bench.handler.stream(1), -1)],
    ["a stream opened by a server", (bench: Bench) => bench.request()],
  ])("throws for %s", (_what, wrong) => {
    const bench = answering(1);
    expect(() => wrong(bench)).toThrow(Http2Error);
  });

  it("throws for data before the head", () => {
    const bench = runningServer();
    bench.receive(headers(1, requestBlock));
    expect(() => bench.write(1, 1)).toThrow("a head must have been written before");
  });

  it("keeps dynamic table positions over many blocks", () => {
    const client = new Bench("client");
    const server = new Bench("server");
    const templates = Array.from({ length: 60 }, (_, n) =>
      createHeaderTemplate([...requestTemplate.fields, [`x-field-${n}`, "v".repeat(40)]]),
    );
    for (let n = 0; n < 300; n++) {
      const template = templates[(n * 7) % templates.length] ?? requestTemplate;
      const fields = literals([`x-number`, String(n)]);
      const stream = client.connection.open(template, fields, 0, fields.length, false);
      client.connection.reset(stream, 8);
      server.receive(client.output());
      expect(server.handler.take()[0]).toContain(`x-field-${(n * 7) % templates.length}=`);
      client.receive(server.output());
    }
  });
});

describe("reset()", () => {
  it("drops what is queued, tells at once, and lets what is on its way pass", () => {
    const bench = answering(1, 100);
    bench.write(1, 1_000);
    bench.output();
    bench.connection.reset(bench.handler.stream(1), 8);
    expect(bench.handler.take()).toEqual(["closed 1 8 local"]);
    expect(bench.frames()).toEqual(["RST_STREAM 1 8"]);
    bench.receive(data(1, 100), headers(1, join(responseBlock), true), windowUpdate(1, 5), rstStream(1, 0));
    expect(bench.frames()).toEqual([]);
    expect(bench.connection.closed).toBe(false);
  });

  it("with NO_ERROR lets a complete answer go first", () => {
    const bench = answering(1, 100);
    bench.write(1, 150);
    bench.trail(1);
    bench.connection.reset(bench.handler.stream(1), 0);
    expect(bench.handler.take()).toEqual([]);
    bench.receive(windowUpdate(1, 50));
    expect(bench.frames()).toEqual(["DATA 1 150", "HEADERS 1 end", "RST_STREAM 1 0"]);
    expect(bench.handler.take()).toEqual(["sent 1 50", "closed 1 0 local"]);
  });

  it("with NO_ERROR drops what still arrives of the request", () => {
    for (const rest of [data(1, 10, true), headers(1, trailersBlock, true)]) {
      const bench = answering(1, 100);
      bench.write(1, 150, true);
      bench.connection.reset(bench.handler.stream(1), 0);
      for (let n = 0; n < 10; n++) bench.receive(data(1, 10_000));
      bench.receive(rest, windowUpdate(1, 50));
      expect(bench.handler.take()).toEqual(["sent 1 50", "closed 1 0 end"]);
      expect(bench.frames().filter((line) => !line.startsWith("WINDOW_UPDATE"))).toEqual([
        "DATA 1 100",
        "DATA 1 50 end",
      ]);
    }
  });

  it("with NO_ERROR behind an answer that has gone closes at once", () => {
    const bench = answering(1);
    bench.trail(1);
    bench.connection.reset(bench.handler.stream(1), 0);
    expect(bench.frames()).toEqual(["HEADERS 1 end", "RST_STREAM 1 0"]);
    expect(bench.handler.take()).toEqual(["closed 1 0 local"]);
  });

  it("within the last callback of a stream changes nothing", () => {
    const bench = runningClient();
    bench.request();
    bench.handler.react.onTrailers = (stream) => bench.connection.reset(stream, 8);
    bench.output();
    bench.receive(headers(1, responseBlock), headers(1, responseBlock.subarray(0, 0), true));
    expect(bench.frames()).toEqual([]);
    expect(bench.handler.take().at(-1)).toBe("closed 1 0 end");
  });
});
