// SPDX-License-Identifier: Apache-2.0
import { type Connection, createHeaderTemplate, Http2Error, writeLiteralField } from "@grpc-router/http2";
import { ensure } from "./ensure.ts";
import type { UserStream, WatchedUser } from "./watched-user.ts";

const request = createHeaderTemplate([
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/test.Echo/Unary"],
  [":authority", "test"],
]);
const response = createHeaderTemplate([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const trailers = createHeaderTemplate([["grpc-status", "0"]]);
const trailersOnly = createHeaderTemplate([
  [":status", "200"],
  ["grpc-status", "12"],
]);
const literalBytes = 24_000;
const literalName = Uint8Array.from("x-pad", (character) => character.charCodeAt(0));
const sizes = [0, 1, 50, 400, 3_000, 16_384, 20_000, 70_000] as const;
/** Octets that the user may ask the engine to keep in all: what it writes is its own affair, but memory is ours. */
const maxQueuedBytes = 400_000;

/** The verbs of a connection, as a user calls them who may be wrong: a wrong call throws `Http2Error` and changes nothing. */
export class UserVerbs {
  /** Largest window that the user has asked for. */
  grownTo = 0;
  readonly #connection: Connection<UserStream>;
  readonly #user: WatchedUser;
  readonly #isServer: boolean;
  readonly #literals = new Uint8Array(literalBytes);

  constructor(connection: Connection<UserStream>, user: WatchedUser) {
    this.#connection = connection;
    this.#user = user;
    this.#isServer = connection.role === "server";
  }

  /** The octet that the user sends at this place of a stream. */
  static octet(streamId: number, offset: number): number {
    return (streamId * 7 + offset) & 0xff;
  }

  /** One verb, chosen by `verb` mod 16, on the stream chosen by `choice`, with a size or code chosen by it. */
  call(verb: number, choice: number, chosen?: UserStream): void {
    const kept = chosen ?? this.#user.open[choice % Math.max(1, this.#user.streams.size)];
    try {
      if (!this.#callConnection(verb, choice) && kept !== undefined && this.#user.streams.has(kept.id)) {
        this.#callStream(verb, choice, kept);
      }
    } catch (error) {
      // `open` and the others say what is wrong with the call; nothing else may be thrown.
      if (!(error instanceof Http2Error)) throw error;
    }
  }

  /** False if the verb is one of a stream. */
  #callConnection(verb: number, choice: number): boolean {
    const connection = this.#connection;
    switch (verb % 16) {
      case 0: {
        const literals = this.#pad(choice);
        const stream = connection.open(request, this.#literals, 0, literals, choice % 2 === 0);
        ensure(!this.#isServer, "only a client may open streams");
        this.#user.opened(stream);
        return true;
      }
      case 1:
        if (choice % 8 === 0) connection.drain("enough");
        return true;
      case 2:
        if (choice % 16 === 0) connection.close(choice % 3, "enough");
        return true;
      case 3:
        connection.lingering = choice % 4;
        return true;
      case 4:
        connection.maxOutputBytes = 1_000 + choice * 400;
        this.#user.outputBudgetBytes = Math.max(this.#user.outputBudgetBytes, connection.maxOutputBytes);
        return true;
      default:
        return false;
    }
  }

  #callStream(verb: number, choice: number, kept: UserStream): void {
    const connection = this.#connection;
    const { stream } = kept;
    switch (verb % 16) {
      case 5:
        this.#writeHead(kept, choice, choice % 5 === 0);
        break;
      case 6:
        this.#writeHead(kept, choice, true);
        break;
      case 7:
      case 8:
      case 9:
        this.#write(kept, sizes[choice % sizes.length] ?? 0, choice >= 0xc0);
        break;
      case 10:
        this.#reserve(kept, 1 + choice * 70);
        break;
      case 11:
      case 12:
        this.#consume(kept, choice);
        break;
      case 13:
        kept.unwanted = choice % 4 === 0 && stream.localEnded;
        connection.reset(stream, choice % 4 === 0 ? 0 : 8);
        break;
      case 14:
        this.#checkRoom(kept);
        break;
      default:
        this.grownTo = Math.max(this.grownTo, choice * 2_000);
        connection.growWindow(stream, choice * 2_000);
    }
  }

  /** What a head says is the user's affair, so it says what its place asks for. */
  #writeHead(kept: UserStream, choice: number, endStream: boolean): void {
    const isFirst = this.#isServer && !kept.headSent;
    const first = endStream ? trailersOnly : response;
    this.#connection.writeHead(
      kept.stream,
      isFirst ? first : trailers,
      this.#literals,
      0,
      this.#pad(choice),
      endStream,
    );
    kept.headSent = true;
  }

  #write(kept: UserStream, size: number, endStream: boolean): void {
    const queued = this.#user.open.reduce((sum, { stream }) => sum + stream.queuedBytes, 0);
    if (queued + size > maxQueuedBytes) return;
    const octets = Uint8Array.from({ length: size }, (_, at) => UserVerbs.octet(kept.id, kept.given + at));
    const queuedBefore = kept.stream.queuedBytes;
    const sent = this.#connection.write(kept.stream, octets, 0, size, endStream);
    octets.fill(0xee);
    kept.given += size;
    ensure(sent >= 0 && sent <= size, "write() must send from nothing to all", () => ({ sent, size }));
    if (!this.#user.streams.has(kept.id)) return;
    const queuedMore = kept.stream.queuedBytes - queuedBefore;
    ensure(queuedMore === size - sent, "write() must queue the rest", () => ({ sent, size, queuedMore }));
  }

  #reserve(kept: UserStream, size: number): void {
    const connection = this.#connection;
    const offset = connection.reserve(kept.stream, size);
    if (offset < 0) return;
    for (let at = 0; at < size; at++) connection.outputBytes[offset + at] = UserVerbs.octet(kept.id, kept.given + at);
    kept.given += size;
  }

  #consume(kept: UserStream, choice: number): void {
    const held = kept.received - kept.consumed;
    const count = choice === 0xff ? held + 1 : choice >= 0x80 ? held : Math.min(held, choice);
    this.#connection.consume(kept.stream, count);
    ensure(count <= held, "consume() must refuse what was not received", () => ({ count, held }));
    kept.consumed += count;
  }

  #checkRoom(kept: UserStream): void {
    const room = this.#connection.room(kept.stream);
    const { sendWindow, queuedBytes } = kept.stream;
    ensure(room <= Math.max(0, sendWindow), "room() must keep to the window", () => ({ room, sendWindow }));
    ensure(room <= 0 || queuedBytes === 0, "there must be no room behind a queue", () => ({ room, queuedBytes }));
  }

  /** Writes a literal field of a length that `choice` says, sometimes longer than a frame; returns its end. */
  #pad(choice: number): number {
    if (choice % 7 !== 3) return 0;
    return writeLiteralField(this.#literals, 0, literalName, new Uint8Array(choice * 80).fill(0x61));
  }
}
