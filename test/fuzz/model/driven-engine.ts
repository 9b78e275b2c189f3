// SPDX-License-Identifier: Apache-2.0
import {
  type Connection,
  type ConnectionHost,
  type ConnectionOptions,
  createConnection,
  createFieldListReader,
  defaultLimits,
  type FieldList,
  FrameTrace,
} from "@grpc-router/http2";
import { joinBytes } from "@grpc-router/testing";
import { maxTracedBlockBytes } from "../../../packages/http2/src/limits.ts";
import { ensure } from "./ensure.ts";
import { PeerView } from "./peer-view.ts";
import { ensureNothingKept, heldBytes, unreadBytes, watchKeepers } from "./watched-engine.ts";
import { type UserStream, WatchedUser } from "./watched-user.ts";

/** Options of the connection; the rest is the driver's. */
export type DrivenOptions = Pick<
  ConnectionOptions<FieldList, UserStream>,
  "role" | "limits" | "initialWindowBytes" | "connectionWindowBytes" | "tooLargeFields" | "keepalive" | "windows"
> & {
  /** Every frame is shown in readable form as well, in lines that no peer can break. */
  readonly isTraced?: boolean;
};

/** Above the two limits of output there may be what one call adds: a head, or an answer to each frame of a turn. */
const outputSlackBytes = 65_536;

/** One end of a connection between a watched user and a peer that checks what it gets: host, transport and clock. */
export class DrivenEngine implements ConnectionHost {
  readonly connection: Connection<UserStream>;
  readonly user: WatchedUser;
  readonly peer: PeerView;
  nowMs = 1_000;
  /** All octets of output so far. */
  readonly output: Uint8Array[] = [];
  /** The transport takes nothing. */
  held = false;

  readonly #limits: { readonly headerBlockBytes: number; readonly overflowBytes: number };
  /** All output was taken. */
  isDrained = false;
  readonly #isTraced: boolean;
  #taking = false;
  #paused = false;
  #resumeDue = false;
  #hostClosed: "no" | "end" | "abort" = "no";
  /** Input that came while reading was paused, as a socket's buffer would hold it. */
  #waiting: Uint8Array[] = [];

  constructor(options: DrivenOptions) {
    this.#limits = { ...defaultLimits, ...options.limits };
    // A trace collects blocks, too, by a limit of its own.
    watchKeepers(options.isTraced === true ? maxTracedBlockBytes : this.#limits.headerBlockBytes);
    this.user = new WatchedUser(options.role);
    this.peer = new PeerView(options.role);
    const { isTraced = false, ...connectionOptions } = options;
    this.#isTraced = isTraced;
    this.connection = createConnection({
      ...connectionOptions,
      trace: isTraced ? new FrameTrace({ line: checkLine, nowMs: () => this.nowMs }) : undefined,
      reader: createFieldListReader(),
      handler: this.user,
      host: this,
      nowMs: this.nowMs,
    });
  }

  schedule(): void {}

  flush(): void {
    this.#takeBuffers(Number.POSITIVE_INFINITY);
  }

  pause(): void {
    this.#paused = true;
  }

  resumeLater(): void {
    this.#resumeDue = true;
  }

  close(abort: boolean): void {
    ensure(this.#hostClosed === "no", "the host must be closed once");
    this.#hostClosed = abort ? "abort" : "end";
  }

  /** Octets of the peer arrive, and whatever turns they need are given. */
  feed(bytes: Uint8Array): void {
    if (this.connection.closed) return;
    if (this.#paused) {
      this.#waiting.push(bytes.slice());
      return;
    }
    this.peer.give(bytes, !this.held && this.connection.outputPending === 0);
    // A read buffer is everybody's: what the engine keeps of it must be a copy.
    const buffer = new Uint8Array(bytes.length + 7).fill(0xa5);
    buffer.set(bytes, 3);
    this.connection.receive(buffer, 3, bytes.length + 3, this.nowMs);
    buffer.fill(0x5a);
    this.check();
    this.turns();
  }

  /** Gives the turns that are asked for, and then what has waited. */
  turns(): void {
    while (this.#resumeDue && !this.connection.closed) {
      this.#resumeDue = false;
      if (this.connection.resume(this.nowMs)) this.#paused = false;
      this.check();
    }
    const waiting = this.#waiting;
    if (this.#paused || waiting.length === 0 || this.connection.closed) return;
    this.#waiting = [];
    this.feed(joinBytes(...waiting));
  }

  /** The transport takes what is there, unless it is held; at most `buffers` of it. */
  takeOutput(buffers = Number.POSITIVE_INFINITY): void {
    this.#takeBuffers(buffers);
    this.check();
    this.turns();
  }

  /** The transport stops taking output, or goes on and takes what has waited, as `attachTransport` does. */
  setHeld(held: boolean): void {
    if (held === this.held) return;
    this.held = held;
    this.connection.setHeld(held);
    this.flush();
  }

  sweep(afterMs: number): void {
    this.nowMs += afterMs;
    this.connection.sweep(this.nowMs);
    this.check();
  }

  /** The transport ends, and with it everything: nothing is kept, nothing is called, and no verb does anything. */
  end(): void {
    if (!this.held && this.#hostClosed !== "abort") this.takeOutput();
    this.connection.receiveEnd();
    const { connection, user } = this;
    ensure(connection.closed && user.closeReason !== undefined, "the connection must be closed at the end");
    ensure(this.#hostClosed !== "no", "the host must learn of the end");
    ensure(connection.openStreams === 0 && user.streams.size === 0, "no stream may be open after the end");
    // A trace keeps the piece of a frame that was cut, until it is thrown away with its connection.
    if (!this.#isTraced) ensureNothingKept();
    const ping = Uint8Array.of(0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    const before = user.lines.length;
    connection.receive(ping, 0, ping.length, this.nowMs);
    connection.resume(this.nowMs);
    connection.sweep(this.nowMs + 100_000);
    connection.drain("late");
    connection.close(0, "late");
    connection.receiveEnd();
    ensure(user.lines.length === before, "no callback may come after the end");
    this.setHeld(false);
    if (this.#hostClosed === "end") {
      this.takeOutput();
      ensure(this.peer.isForeign || this.peer.isWhole, "the last frame must be whole");
      this.isDrained = true;
    }
  }

  /** What holds after every call. A client's requests wait without a bound, because it makes them itself. */
  check(): void {
    const { connection, user } = this;
    if (connection.outputPending <= connection.maxOutputBytes) user.outputBudgetBytes = connection.maxOutputBytes;
    const most = user.outputBudgetBytes + this.#limits.overflowBytes + outputSlackBytes;
    const isBounded = connection.role === "server" || !this.held;
    ensure(!isBounded || connection.outputPending <= most, "output must keep its budget", () => {
      return connection.outputPending;
    });
    // Not within a callback or a verb: what these are about is under way.
    const held = user.open.reduce((sum, { received, consumed }) => sum + received - consumed, 0);
    ensure(
      this.#taking || connection.closed || heldBytes() === held,
      "the user must hold what it has not consumed",
      () => {
        return { byTheEngine: heldBytes(), held };
      },
    );
    ensure(this.#paused || unreadBytes() === 0, "input may wait only while reading is paused", () => unreadBytes());
  }

  #takeBuffers(most: number): void {
    const { connection } = this;
    if (this.#taking) return;
    this.#taking = true;
    for (let left = most; left > 0 && !this.held; left--) {
      const bytes = connection.takeOutput();
      if (bytes === undefined) break;
      const taken = bytes.slice(0, connection.outputLength);
      connection.releaseOutput(bytes);
      ensure(taken.length > 0, "output must not be empty");
      this.output.push(taken);
      this.peer.take(taken);
    }
    this.#taking = false;
  }
}

function checkLine(line: string): void {
  ensure(/^[ -~…]*$/.test(line), "a line of the trace must be printable", () => line);
}
