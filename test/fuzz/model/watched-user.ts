// SPDX-License-Identifier: Apache-2.0
import type { CloseReason, ConnectionHandler, FieldList, Stream } from "@grpc-router/http2";
import { ensure } from "./ensure.ts";

/** What a user keeps of one stream. */
export interface UserStream {
  readonly id: number;
  readonly stream: Stream<UserStream>;
  headReceived: boolean;
  headSent: boolean;
  remoteEnded: boolean;
  /** What the peer still sends is dropped: the user has answered early, and its answer waits for window. */
  unwanted: boolean;
  /** Octets of DATA received, and how many of them were given back. */
  received: number;
  consumed: number;
  /** Octets of DATA given to `write` and `reserve`. */
  given: number;
}

/** Which callback a `WatchedUser` passes on. */
export type UserEvent = "head" | "data" | "trailers" | "sent" | "room" | "closed" | "turn" | "goaway";

/** A handler that holds the engine to its contract, callback by callback, and writes them down. */
export class WatchedUser implements ConnectionHandler<FieldList, UserStream> {
  /** One line a callback; `onTurn` is left out, because turns follow the reads. */
  readonly lines: string[] = [];
  readonly streams = new Map<number, UserStream>();
  /** Set when the connection is closed: the end of all callbacks. */
  closeReason: CloseReason | undefined;
  /** What the user does within a callback. */
  react: (event: UserEvent, stream: UserStream | undefined) => void = () => {};
  /** Octets that the peer has to have sent at this place, if it is known. */
  expectedOctet: ((streamId: number, offset: number) => number) | undefined;

  /** The largest budget that output was given since it last kept to the one it has: a smaller one takes nothing back. */
  outputBudgetBytes = 0;

  readonly #isServer: boolean;
  readonly #everOpen = new Set<number>();

  constructor(role: "server" | "client") {
    this.#isServer = role === "server";
  }

  /** Streams that are open now, oldest first. */
  get open(): UserStream[] {
    return [...this.streams.values()];
  }

  /** A stream that the user has opened itself. */
  opened(stream: Stream<UserStream>): UserStream {
    ensure(!this.#everOpen.has(stream.id), "a stream id must be used once", () => stream.id);
    return this.#add(stream);
  }

  onHead(stream: Stream<UserStream>, head: FieldList, endStream: boolean): void {
    this.#note(() => `head ${stream.id} ${JSON.stringify(head)}${endStream ? " end" : ""}`);
    if (this.#isServer) {
      ensure(!this.#everOpen.has(stream.id), "a stream must have one head", () => stream.id);
      this.#add(stream);
    }
    const kept = this.#find(stream);
    ensure(!kept.headReceived && !kept.remoteEnded, "the first head must come once", () => stream.id);
    kept.headReceived = true;
    kept.remoteEnded = endStream;
    this.react("head", kept);
  }

  onData(stream: Stream<UserStream>, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.#note(() => `data ${stream.id} ${latin1(bytes, start, end)}${endStream ? " end" : ""}`);
    const kept = this.#find(stream);
    ensure(!kept.unwanted, "nothing may come that nobody wants", () => stream.id);
    ensure(kept.headReceived && !kept.remoteEnded, "DATA must come between head and end", () => stream.id);
    ensure(start < end || (start === end && endStream), "DATA must have octets or an end", () => [start, end]);
    for (let at = start; at < end && this.expectedOctet !== undefined; at++) {
      const expected = this.expectedOctet(stream.id, kept.received + at - start);
      ensure(bytes[at] === expected, "the octets must be the peer's", () => [stream.id, kept.received + at - start]);
    }
    kept.received += end - start;
    kept.remoteEnded = endStream;
    this.react("data", kept);
  }

  onTrailers(stream: Stream<UserStream>, head: FieldList): void {
    this.#note(() => `trailers ${stream.id} ${JSON.stringify(head)}`);
    const kept = this.#find(stream);
    ensure(!kept.unwanted, "nothing may come that nobody wants", () => stream.id);
    ensure(kept.headReceived && !kept.remoteEnded, "trailers must come between head and end", () => stream.id);
    kept.remoteEnded = true;
    this.react("trailers", kept);
  }

  onSent(stream: Stream<UserStream>, count: number): void {
    this.#note(() => `sent ${stream.id} ${count}`);
    ensure(count > 0, "something must have been sent", () => count);
    this.react("sent", this.#find(stream));
  }

  onRoom(stream: Stream<UserStream>): void {
    this.#note(() => `room ${stream.id}`);
    this.react("room", this.#find(stream));
  }

  onClosed(stream: Stream<UserStream>, code: number, by: "end" | "peer" | "local" | "connection"): void {
    this.#note(() => `closed ${stream.id} ${code} ${by}`);
    const kept = this.#find(stream);
    this.streams.delete(stream.id);
    const remoteEnded = kept.remoteEnded || kept.unwanted;
    ensure(by !== "end" || (remoteEnded && stream.localEnded), "both sides must have ended", () => stream.id);
    this.react("closed", kept);
  }

  onTurn(): void {
    this.#ensureOpen("turn");
    this.react("turn", undefined);
  }

  onGoaway(lastStreamId: number, code: number, debug: string): void {
    this.#note(() => `goaway ${lastStreamId} ${code} ${debug}`);
    this.react("goaway", undefined);
  }

  onConnectionClosed(reason: CloseReason): void {
    this.#note(() => `connection closed ${reason.code} ${reason.by} ${reason.limit ?? ""}`);
    ensure(this.streams.size === 0, "every stream must be closed before its connection", () => [
      ...this.streams.keys(),
    ]);
    this.closeReason = reason;
  }

  #add(stream: Stream<UserStream>): UserStream {
    const added: UserStream = {
      id: stream.id,
      stream,
      headReceived: false,
      headSent: !this.#isServer,
      remoteEnded: false,
      unwanted: false,
      received: 0,
      consumed: 0,
      given: 0,
    };
    this.#everOpen.add(stream.id);
    this.streams.set(stream.id, added);
    stream.data = added;
    return added;
  }

  #find(stream: Stream<UserStream>): UserStream {
    const kept = this.streams.get(stream.id);
    ensure(kept !== undefined, "no callback may come for a stream that is closed or unknown", () => stream.id);
    ensure(kept.stream === stream, "a stream must keep its record", () => stream.id);
    ensure(stream.data === undefined || stream.data === kept, "a stream must keep its data", () => stream.id);
    return kept;
  }

  #note(line: () => string): void {
    const text = line();
    this.#ensureOpen(text);
    this.lines.push(text);
  }

  #ensureOpen(what: string): void {
    ensure(this.closeReason === undefined, `no callback may come after onConnectionClosed (${what})`);
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
