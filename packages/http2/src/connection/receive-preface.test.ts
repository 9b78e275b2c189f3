// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { clientHello, hex, settings } from "../frame/frames.suite.js";
import { clientPreface } from "../frame/preface.js";
import { Bench, noLiterals, requestTemplate } from "./recorder.suite.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe("the preface of a server", () => {
  it("answers the client's preface with SETTINGS and a wide connection window", () => {
    const bench = new Bench("server");
    bench.receive(clientPreface);
    expect(bench.frames()).toEqual(["SETTINGS 3=1024 6=16384", `WINDOW_UPDATE 0 ${1_048_576 - 65_535}`]);
    bench.receive(settings());
    expect(bench.frames()).toEqual(["SETTINGS ack"]);
  });

  it("says nothing before the client does", () => {
    const bench = new Bench("server");
    bench.receive(clientPreface.subarray(0, 23));
    expect(bench.connection.outputPending).toBe(0);
  });

  it("announces what its options say", () => {
    const bench = new Bench("server", {
      initialWindowBytes: 1_000,
      connectionWindowBytes: 65_535,
      limits: { concurrentStreams: 7, headerListBytes: 8_192, headerTableBytes: 0 },
    });
    bench.receive(clientHello);
    expect(bench.frames()).toEqual(["SETTINGS 3=7 4=1000 1=0 6=8192", "SETTINGS ack"]);
  });

  const foreign = [
    ["a request of HTTP/1.1", text("GET /index.html HTTP/1.1\r\nhost: a\r\n\r\n"), 13, /HTTP\/1\.x/],
    ["a request of HTTP/1.0 with bare line feeds", text("POST / HTTP/1.0\n\n"), 13, /HTTP\/1\.x/],
    ["a request that begins like the preface", text("PRIVATE / HTTP/1.1\r\n\r\n"), 13, /HTTP\/1\.x/],
    ["a TLS handshake", hex("16 0301 0200 0100 01fc 0303"), 1, /TLS/],
    ["a line of another protocol", text("HELO mail.example\r\n"), 1, /not HTTP\/2/],
    ["a very long line", text("A".repeat(5_000)), 1, /not HTTP\/2/],
    ["a request whose method no method begins like", text("get / HTTP/1.1\r\n\r\n"), 1, /not HTTP\/2/],
    ["octets", hex("00 01 02"), 1, /not HTTP\/2/],
    ["a line without a target", text(" HTTP/1.1\r\n"), 1, /not HTTP\/2/],
  ] as const;

  it.each(foreign)("says what is wrong with %s", (_what, input, code, message) => {
    for (const cut of [input.length, 1, 2, Math.min(10, input.length)]) {
      const bench = new Bench("server");
      bench.receive(input.subarray(0, cut));
      bench.receive(input.subarray(cut));
      expect(bench.handler.take()).toEqual([`connection closed ${code} local`]);
      expect(bench.handler.closeReason?.message).toMatch(message);
      expect(bench.hostClosed).toBe("end");
      if (code === 13)
        expect(new TextDecoder().decode(bench.output())).toMatch(
          /^HTTP\/1\.1 505 .*\r\n\r\nThis port speaks HTTP\/2 only/s,
        );
      else expect(bench.frames()).toEqual([`GOAWAY 0 1 ${bench.handler.closeReason?.message}`]);
    }
  });

  it("waits for the end of a first line", () => {
    const bench = new Bench("server");
    bench.receive(text("GET / HT"));
    expect(bench.connection.closed).toBe(false);
    bench.receive(text("TP/1.1\r\n"));
    expect(bench.handler.closeReason?.code).toBe(13);
  });
});

describe("the preface of a client", () => {
  it("goes out at once, with SETTINGS and a wide connection window", () => {
    const bench = new Bench("client");
    expect(bench.scheduled).toBe(1);
    const output = bench.output();
    expect(output.subarray(0, 24)).toEqual(clientPreface);
    const first = new Bench("client");
    first.output();
    first.connection.open(requestTemplate, noLiterals, 0, 0, true);
    expect(first.frames()).toEqual(["HEADERS 1 end"]);
  });
});
