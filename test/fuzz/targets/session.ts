// SPDX-License-Identifier: Apache-2.0
import { WindowBudget } from "@grpc-router/http2";
import { joinBytes, rawPreface, rawSettings, rawSettingsAck, rawWindowUpdate } from "@grpc-router/testing";
import { ByteSource } from "../model/byte-source.ts";
import { DrivenEngine } from "../model/driven-engine.ts";
import { ensure } from "../model/ensure.ts";
import { PeerFrames } from "../model/peer-frames.ts";
import { maxWindow } from "../model/peer-windows.ts";
import { UserVerbs } from "../model/user-verbs.ts";
import type { UserEvent, UserStream } from "../model/watched-user.ts";

/** Small, so that inputs of a few KiB reach them. */
const limits = {
  concurrentStreams: 12,
  refusedStreams: 4,
  peerResets: 10,
  streamErrors: 6,
  queuedReplies: 30,
  unreadReplies: 5,
  turnFrames: 6,
  turnStreams: 3,
  settingsFrames: 20,
  emptyFrames: 10,
  windowUpdates: 60,
  priorities: 20,
  strayFrames: 30,
  headerBlockBytes: 3_000,
  continuationFrames: 4,
  headerListBytes: 1_024,
  headerFields: 20,
  outputBytes: 60_000,
  overflowBytes: 30_000,
} as const;
/** Times that the sweeps of an input pass. */
const keepalive = {
  timeMs: 10_000,
  timeoutMs: 3_000,
  minPingIntervalMs: 1_500,
  maxIdleMs: 12_000,
  maxAgeMs: 25_000,
  maxAgeGraceMs: 4_000,
} as const;
const windowBudgetBytes = 300_000;
const events: readonly UserEvent[] = ["head", "data", "trailers", "sent", "room", "closed", "turn", "goaway"];
const initialWindows = [65_535, 1_000, 100_000, 0] as const;
const connectionWindows = [65_535, 200_000] as const;
/** Verbs that callbacks may call in all, so that two that cause each other come to an end. */
const maxReactions = 300;

/**
 * A connection between a user and a peer that both do as the input says. It begins with the role and options, and what
 * the user does in each callback; then each octet is a frame of the peer, a verb of the user, or what transport and time do.
 */
export function fuzz(input: Uint8Array): void {
  new Session(new ByteSource(input)).run();
}

class Session {
  readonly #source: ByteSource;
  readonly #engine: DrivenEngine;
  readonly #verbs: UserVerbs;
  readonly #frames: PeerFrames;
  readonly #connectionWindow: number;
  readonly #streamWindow: number;
  readonly #reactions: readonly (readonly [verb: number, choice: number])[];
  #reactionsLeft = maxReactions;
  /** What the peer has sent and the transport not delivered: inputs are cut anywhere. */
  #undelivered: Uint8Array = new Uint8Array(0);
  readonly #finished: UserStream[] = [];
  #budget: WindowBudget | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
    const choice = source.octet();
    const role = choice & 1 ? "client" : "server";
    this.#streamWindow = initialWindows[(choice >> 1) & 3] ?? 65_535;
    this.#connectionWindow = connectionWindows[(choice >> 3) & 1] ?? 65_535;
    const extras = source.octet();
    if (extras & 2) this.#budget = new WindowBudget(windowBudgetBytes);
    this.#engine = new DrivenEngine({
      role,
      limits: extras & 4 ? { ...limits, lastStreamId: 9 } : limits,
      initialWindowBytes: this.#streamWindow,
      connectionWindowBytes: this.#connectionWindow,
      keepalive: extras & 1 ? keepalive : undefined,
      windows: this.#budget,
      isTraced: (extras & 8) !== 0,
    });
    const { connection, user, peer } = this.#engine;
    connection.longLived = (extras & 16) !== 0;
    this.#verbs = new UserVerbs(connection, user);
    this.#frames = new PeerFrames(role, () => peer.lastPing);
    this.#reactions = events.map(() => [source.octet(), source.octet()]);
    user.react = (event, stream) => this.#react(event, stream);
    user.expectedOctet = PeerFrames.octet;
    peer.expectedOctet = UserVerbs.octet;
    if ((choice & 0x10) === 0) this.#engine.feed(joinBytes(role === "server" ? rawPreface : [], rawSettings()));
    if ((choice & 0x20) === 0) this.#engine.feed(rawSettingsAck);
  }

  run(): void {
    const source = this.#source;
    while (!source.atEnd) {
      const op = source.octet();
      if (op < 0x60) this.#peer(op);
      else if (op < 0xc0) this.#verbs.call(op, source.octet());
      else this.#transport(op % 16);
      this.#engine.check();
    }
    this.#finish();
    this.#engine.end();
    this.#ensureNothingLost();
    ensure((this.#budget?.takenBytes ?? 0) === 0, "what windows took must be given back", () => this.#budget);
  }

  /** Frames of the peer, delivered at once or in pieces. */
  #peer(op: number): void {
    const kind = op % 12;
    const frame = this.#frames.next(kind, this.#source);
    // Such a frame may be DATA of any octets.
    if (kind === 11) this.#engine.user.expectedOctet = undefined;
    const octets = joinBytes(this.#undelivered, frame);
    const cut = op >= 0x48 ? Math.min(octets.length, this.#source.octet()) : octets.length;
    this.#undelivered = octets.slice(cut);
    this.#engine.feed(octets.subarray(0, cut));
  }

  #transport(op: number): void {
    const engine = this.#engine;
    if (op === 0) engine.takeOutput(1);
    else if (op < 5) engine.takeOutput();
    else if (op === 5) engine.setHeld(true);
    else if (op === 6) engine.setHeld(false);
    else if (op < 10) engine.sweep([100, 1_000, 7_000][op - 7] ?? 0);
    else if (op === 10) engine.turns();
    else if (op === 11 && this.#source.octet() > 0xf0) engine.connection.receiveEnd(new Error("cut off"));
    else this.#react(events[op % events.length] ?? "turn", engine.user.open[this.#source.octet() % 3]);
  }

  #react(event: UserEvent, stream: UserStream | undefined): void {
    if (event === "closed" && stream !== undefined) this.#finished.push(stream);
    const [verb = 0, choice = 0] = this.#reactions[events.indexOf(event)] ?? [];
    // Half of all values: nothing.
    if (verb >= 0x80 || this.#reactionsLeft-- <= 0) return;
    this.#verbs.call(verb, choice, stream);
  }

  /** The peer grants everything and the user gives everything back: then nothing may wait any more. */
  #finish(): void {
    const engine = this.#engine;
    engine.user.react = (event, stream) => {
      if (event === "closed" && stream !== undefined) this.#finished.push(stream);
    };
    engine.feed(this.#undelivered);
    engine.setHeld(false);
    engine.takeOutput();
    const { connection, user, peer } = engine;
    if (!peer.isQuiet || connection.closed) return;
    connection.maxOutputBytes = 1_000_000;
    for (const kept of user.open) {
      connection.consume(kept.stream, kept.received - kept.consumed);
      kept.consumed = kept.received;
    }
    engine.takeOutput();
    this.#ensureWindowsReturned();
    if (!peer.windows.isExact) return;
    for (const streamId of [0, ...user.streams.keys()]) {
      const left = streamId === 0 ? peer.windows.connection : peer.windows.of(streamId);
      if (left < maxWindow) engine.feed(rawWindowUpdate(streamId, Math.min(maxWindow, maxWindow - left)));
      engine.takeOutput();
      engine.sweep(1_000);
    }
    if (connection.closed) return;
    for (const { id, stream, given } of user.open) {
      ensure(stream.queuedBytes === 0, "what waits must go when nothing holds it", () => [id, stream.queuedBytes]);
      const sent = peer.sent.get(id);
      ensure((sent?.octets ?? 0) === given, "what was written must be sent", () => ({ id, given, sent }));
      ensure(!stream.localEnded || sent?.ended === true, "an end must be sent", () => ({ id, given, sent }));
    }
  }

  /** Less than half of each window is on its way back when the user holds nothing. */
  #ensureWindowsReturned(): void {
    const { granted } = this.#engine.peer;
    ensure(granted.connection * 2 > this.#connectionWindow, "the connection's window must not leak", () => {
      return granted.connection;
    });
    for (const { id, remoteEnded } of this.#engine.user.open) {
      if (remoteEnded || this.#streamWindow < 65_535) continue;
      ensure(granted.of(id) * 2 > this.#streamWindow, "a stream's window must not leak", () => [id, granted.of(id)]);
    }
  }

  /** What streams that ended in good order were given is on the wire. */
  #ensureNothingLost(): void {
    const { peer, user } = this.#engine;
    if (!this.#engine.isDrained) return;
    const ended = new Set(user.lines.filter((line) => / 0 end$/.test(line)).map((line) => Number(line.split(" ")[1])));
    for (const { id, given } of this.#finished.filter((stream) => ended.has(stream.id))) {
      const sent = peer.sent.get(id);
      ensure(sent?.octets === given && sent.ended, "a stream that has ended must be sent", () => ({ id, given, sent }));
    }
  }
}
