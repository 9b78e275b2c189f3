// SPDX-License-Identifier: Apache-2.0
import { createHeaderTemplate } from "@grpc-router/http2";
import { joinBytes, rawPreface, rawSettings, rawSettingsAck } from "@grpc-router/testing";
import { ByteSource } from "../model/byte-source.ts";
import { DrivenEngine } from "../model/driven-engine.ts";
import { ensureSame } from "../model/ensure.ts";
import type { UserEvent, UserStream } from "../model/watched-user.ts";

/** Small limits, so that inputs of a few KiB reach them. */
const limits = {
  concurrentStreams: 20,
  refusedStreams: 5,
  peerResets: 20,
  streamErrors: 8,
  queuedReplies: 60,
  unreadReplies: 10,
  turnFrames: 16,
  turnStreams: 6,
  settingsFrames: 12,
  emptyFrames: 10,
  windowUpdates: 40,
  priorities: 20,
  strayFrames: 40,
  headerBlockBytes: 2_048,
  continuationFrames: 4,
  headerListBytes: 1_024,
  headerFields: 20,
} as const;
const request = createHeaderTemplate([
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/test.Echo/Unary"],
]);
const response = createHeaderTemplate([[":status", "200"]]);
const trailers = createHeaderTemplate([["grpc-status", "0"]]);
const trailersOnly = createHeaderTemplate([
  [":status", "200"],
  ["grpc-status", "12"],
]);
const none = new Uint8Array(0);

/** How the user behaves: by the octets of the input's beginning. */
interface Mode {
  readonly role: "server" | "client";
  /** The preface and the first SETTINGS are there already. */
  readonly begun: boolean;
  /** Streams that the user of a client opens. */
  readonly requests: number;
  /** 0: only reads, 1: answers at the end, 2: answers at once, 3: resets at the first DATA. */
  readonly manner: number;
  /** 0: gives DATA back at once, 1: half of it, 2: none. */
  readonly consumes: number;
}

/** What a run has shown. */
interface Shown {
  readonly lines: readonly string[];
  readonly output: Uint8Array;
  /** How much of either counts: all, unless the connection ended in good order at the end of a read. */
  readonly orderly: boolean;
}

/**
 * Octets of a peer, as they are on the wire, behind two octets: how the user behaves, and how the input is cut. However it
 * is cut, callbacks and output are the same.
 */
export function fuzz(input: Uint8Array): void {
  const source = new ByteSource(input);
  const choice = source.octet();
  const mode: Mode = {
    role: (choice & 1) === 0 ? "server" : "client",
    begun: (choice & 2) === 0,
    requests: 1 + ((choice >> 2) & 3),
    manner: (choice >> 4) & 3,
    consumes: (choice >> 6) % 3,
  };
  const step = 1 + source.octet();
  const octets = source.rest();
  const whole = run(mode, octets, octets.length);
  for (const size of octets.length <= 600 ? [step, 1] : [step]) compare(run(mode, octets, size), whole, size);
}

function run(mode: Mode, octets: Uint8Array, size: number): Shown {
  const isTraced = size === octets.length;
  const engine = new DrivenEngine({ role: mode.role, limits, connectionWindowBytes: 65_535, isTraced });
  engine.user.react = (event, stream) => behave(engine, mode, event, stream);
  if (mode.role === "client") {
    for (let count = 0; count < mode.requests; count++) {
      engine.user.opened(engine.connection.open(request, none, 0, 0, count % 2 === 0));
    }
  }
  if (mode.begun) {
    const preface = mode.role === "server" ? rawPreface : none;
    engine.feed(joinBytes(preface, rawSettings(), rawSettingsAck));
  }
  for (let at = 0; at < octets.length; at += size) engine.feed(octets.subarray(at, at + size));
  const orderly = engine.connection.closed && engine.user.closeReason?.by !== "local";
  engine.end();
  return { lines: engine.user.lines, output: joinBytes(...engine.output), orderly };
}

function behave({ connection }: DrivenEngine, mode: Mode, event: UserEvent, kept: UserStream | undefined): void {
  if (kept === undefined) return;
  const { stream } = kept;
  if (event === "data") {
    const held = kept.received - kept.consumed;
    const count = mode.consumes === 0 ? held : mode.consumes === 1 ? held >> 1 : 0;
    kept.consumed += count;
    connection.consume(stream, count);
    if (mode.manner === 3) connection.reset(stream, 8);
  }
  if (mode.role === "client" || stream.localEnded) return;
  if (event === "head" && mode.manner === 2) connection.writeHead(stream, response, none, 0, 0, false);
  if (mode.manner === 1 && kept.remoteEnded) connection.writeHead(stream, trailersOnly, none, 0, 0, true);
  if (mode.manner === 2 && kept.remoteEnded && event !== "closed")
    connection.writeHead(stream, trailers, none, 0, 0, true);
}

/**
 * A connection whose peer goes away ends when a read is done and no stream is left: what the peer sent behind that is
 * heard if it came in the same read.
 */
function compare(cut: Shown, whole: Shown, size: number): void {
  const what = `callbacks and output must not depend on the reads (${size} octets each)`;
  if (!cut.orderly && !whole.orderly) {
    ensureSame(cut.lines, whole.lines, what);
    ensureSame(cut.output, whole.output, what);
    return;
  }
  const lines = Math.min(cut.lines.length, whole.lines.length) - 1;
  ensureSame(cut.lines.slice(0, lines), whole.lines.slice(0, lines), what);
}
