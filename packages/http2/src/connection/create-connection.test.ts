// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { Http2Error } from "../http2-error.js";
import { validateLimits } from "../limits.js";
import { Bench, exchange } from "./recorder.suite.js";

describe("createConnection()", () => {
  it.each([
    [{ initialWindowBytes: -1 }, "initialWindowBytes must be a whole number from 0 to 2147483647, received -1"],
    [{ initialWindowBytes: 2 ** 31 }, "initialWindowBytes"],
    [{ connectionWindowBytes: 65_534 }, "connectionWindowBytes must be a whole number from 65535"],
    [{ connectionWindowBytes: 1e9 + 0.5 }, "connectionWindowBytes"],
    [{ limits: { stallMs: -1 } }, "stallMs must be a whole number from 0 to 2147483647, received -1"],
    [{ limits: { headerFields: Number.NaN } }, "headerFields"],
  ])("refuses %o", (options, message) => {
    expect(() => new Bench("server", options)).toThrow(message);
    expect(() => new Bench("server", options)).toThrow(Http2Error);
  });
});

describe("validateLimits()", () => {
  it("lays what is given over the defaults", () => {
    expect(validateLimits()).toMatchObject({ concurrentStreams: 1_024, peerResets: 1_000 });
    const limits = validateLimits({ peerResets: 5 });
    expect(limits).toMatchObject({ concurrentStreams: 1_024, peerResets: 5 });
    expect(validateLimits(limits)).toBe(limits);
  });
});

describe("SETTINGS of the peer", () => {
  it("bring the encoder's table to the size that both allow", () => {
    const client = new Bench("client");
    const server = new Bench("server", { limits: { headerTableBytes: 256 } });
    exchange(client, server);
    for (let n = 0; n < 40; n++) {
      const { id } = client.request();
      exchange(client, server);
      server.respond(id, true);
      exchange(client, server);
      expect(client.handler.take().at(-1)).toBe(`closed ${id} 0 end`);
    }
    expect(server.connection.closed).toBe(false);
  });
});
