// SPDX-License-Identifier: Apache-2.0
// Every vector of vectors/malformed.json against the engine in its role, however the frames come.
import {
  encodeMalformedFrames,
  loadMalformedVectors,
  type MalformedFrameOptions,
  type MalformedVector,
  malformedCodes,
} from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { headers, ping, requestBlock, responseBlock, trailersBlock } from "../frame/frames.suite.js";
import { type Bench, runningClient, runningServer } from "./recorder.suite.js";

const vectors = loadMalformedVectors();
const wires: readonly MalformedFrameOptions[] = [
  {},
  { literals: "withIndexing" },
  { literals: "neverIndexed", cutBlocksAt: 3 },
];
const pong = "PING ack 0102030405060708";

describe.each(["server", "client"] as const)("a %s and malformed messages", (role) => {
  const own = vectors.filter((vector) => vector.role === role);

  it.each(own)("RFC 9113 $section: $name: $reaction", (vector) => {
    for (const wire of wires) {
      const bytes = encodeMalformedFrames(vector, wire);
      for (const size of [bytes.length, 1]) judge(vector, bytes, size);
    }
  });
});

/** Gives the frames to a connection in pieces of `size` octets, and looks at all that it says and does. */
function judge(vector: MalformedVector, bytes: Uint8Array, size: number): void {
  const bench = vector.role === "server" ? runningServer() : runningClient();
  if (vector.role === "client") bench.request();
  bench.output();
  for (let at = 0; at < bytes.length; at += size) bench.receive(bytes.subarray(at, at + size));
  bench.receive(ping());
  const said = bench.frames().filter((line) => !line.startsWith("WINDOW_UPDATE"));
  const told = bench.handler.take();
  const code = vector.code === undefined ? 0 : malformedCodes[vector.code];
  if (vector.reaction === "accept") {
    expect(said).toEqual([pong]);
    expect(told.filter((line) => line.startsWith("head 1"))).toHaveLength(1);
    expect(told.filter((line) => line.startsWith("closed") && line !== "closed 1 0 end")).toEqual([]);
  } else if (vector.reaction === "stream") {
    expect(said).toEqual([`RST_STREAM 1 ${code}`, pong]);
    expectNothingAccepted(vector, told, code);
  } else {
    expect(bench.handler.closeReason).toMatchObject({ code, by: "local" });
    expect(bench.hostClosed).toBe("end");
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(new RegExp(`^GOAWAY \\d+ ${code} `));
    return;
  }
  expect(bench.connection.closed).toBe(false);
  expectInStep(bench);
}

/** A head at fault is never shown; what came before the fault was, and is taken back by one `onClosed`. */
function expectNothingAccepted({ role, frames, fault }: MalformedVector, told: readonly string[], code: number): void {
  const isFirstHead = frames.filter(({ type }) => type === "HEADERS").length === 1;
  if (fault !== undefined && isFirstHead)
    expect(told.filter((line) => /^(head|data|trailers) 1/.test(line))).toEqual([]);
  const closings = told.filter((line) => line.startsWith("closed"));
  const wasOpen = role === "client" || told.some((line) => line.startsWith("head 1"));
  expect(closings).toEqual(wasOpen ? [`closed 1 ${code} local`] : []);
  expect(told.filter((line) => line.startsWith("data 1") && line.endsWith(" end"))).toEqual([]);
  expect(told.filter((line) => line.startsWith("trailers"))).toEqual([]);
}

/** The next stream is as if nothing had been: tables, windows and counts are in step. */
function expectInStep(bench: Bench): void {
  if (bench.connection.role === "server") {
    bench.receive(headers(3, requestBlock, true));
    expect(bench.handler.take()).toEqual(["head 3 :method=POST,:scheme=http,:path=/a.B/C end"]);
    expect(bench.frames()).toEqual([]);
    return;
  }
  expect(bench.request().id).toBe(3);
  bench.output();
  bench.receive(headers(3, responseBlock), headers(3, trailersBlock, true));
  expect(bench.handler.take()).toEqual(["head 3 :status=200", "trailers 3 grpc-status=0", "closed 3 0 end"]);
  expect(bench.frames()).toEqual([]);
}
