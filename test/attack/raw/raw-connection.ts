// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  joinBytes,
  RawFlag,
  type RawFrame,
  RawType,
  rawPreface,
  rawSettings,
  rawSettingsAck,
} from "@grpc-router/testing/raw-http2";
import type { TargetAddress } from "../targets/target.ts";
import { createFrameCutter, uint32At } from "./frame-cutter.ts";

/** Milliseconds for a connection to be made, TLS handshake included. */
const connectMs = 10_000;
/** Milliseconds for the target's SETTINGS. */
const settingsMs = 5_000;
/** Milliseconds for the system to take bytes, unless told otherwise. */
const pushMs = 10_000;

/** Octets of one write: the system takes megabytes in one go, in which nobody else gets the processor, the victim included. */
const pieceBytes = 65_536;

/** How an attacker's connection begins. */
export interface RawConnectionOptions {
  /**
   * What is sent on connecting. `preface` (default): the client's preface, SETTINGS of `settings` and the acknowledgement of
   * the target's SETTINGS when they come. `nothing`: the attack sends everything itself. `tcp`: not even the TLS handshake.
   */
  readonly begin?: "preface" | "nothing" | "tcp";
  /** [setting, value] pairs of the first SETTINGS. Default none. */
  readonly settings?: readonly (readonly [setting: number, value: number])[];
  /** Protocols offered by ALPN over TLS. Default h2. */
  readonly alpn?: readonly string[];
  /** Keeps nothing but counts of DATA frames. Other frames are always kept. Default true. */
  readonly dropsData?: boolean;
  /** Called for every frame, before it is counted. */
  readonly onFrame?: (frame: RawFrame) => void;
}

/** GOAWAY as it came. */
export interface Goaway {
  readonly lastStreamId: number;
  readonly code: number;
  readonly debug: string;
  /** Milliseconds since the connection was made. */
  readonly afterMs: number;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** FIN; RST or another error; not yet. */
  readonly how: "ended" | "reset" | "open";
  /** Milliseconds since the connection was made; NaN while it is open. */
  readonly afterMs: number;
}

/** A connection of the attacker: sends any bytes, counts what comes, reacts to nothing but SETTINGS. */
export interface RawConnection {
  readonly socket: Socket;
  /** The target has ended it, or it is gone. */
  readonly over: boolean;
  /** The last GOAWAY. */
  readonly goaway: Goaway | undefined;
  /** All frames but DATA in the order in which they came, unless `dropsData` is false: then DATA too. */
  readonly frames: readonly RawFrame[];
  /** How many frames of a type came. */
  count(type: number): number;
  /** Codes of RST_STREAM by stream. */
  readonly resets: ReadonlyMap<number, number>;
  /** Octets of DATA payloads that came. */
  readonly dataBytes: number;
  /** Octets that came. */
  readonly receivedBytes: number;
  /** Octets that were handed to the system to be sent. */
  readonly sentBytes: number;
  /** Sends bytes without waiting; nothing once it is over. */
  send(...parts: readonly Uint8Array[]): void;
  /**
   * Sends bytes and waits until the system has taken them, so that a closed connection is noticed early. False: the connection
   * is over, or `withinMs` (default 10,000) have gone by because the target does not read.
   */
  push(bytes: Uint8Array, withinMs?: number): Promise<boolean>;
  /** Stops and restarts the reading of the socket. */
  setReading(reading: boolean): void;
  /** Stops reading when the target's SETTINGS have been acknowledged, so that their time limit is not what ends the attack. */
  stopReading(): Promise<void>;
  /** Waits for `condition`, asked with every read; false if `withinMs` go by or the connection ends without it. */
  until(condition: () => boolean, withinMs: number): Promise<boolean>;
  /** Waits for the end; `how` is "open" if it does not come within `withinMs`. */
  end(withinMs: number): Promise<ConnectionEnd>;
  /** Cuts the connection. */
  destroy(): void;
}

/** Opens a connection of the attacker. @throws Error when the target refuses it or does not answer within 10 s. */
export async function openRawConnection(
  address: TargetAddress,
  options: RawConnectionOptions = {},
): Promise<RawConnection> {
  const { begin = "preface", settings = [], alpn = ["h2"] } = options;
  const { host, port, ca } = address;
  const isTls = ca !== undefined && begin !== "tcp";
  const socket = isTls
    ? connectTls({ host, port, ca, ALPNProtocols: [...alpn], servername: "localhost" })
    : connect({ host, port });
  socket.setNoDelay(true);
  await once(socket, isTls ? "secureConnect" : "connect", { signal: AbortSignal.timeout(connectMs) });
  const connection = new SocketConnection(socket, options);
  if (begin === "preface") connection.send(rawPreface, rawSettings(settings));
  return connection;
}

class SocketConnection implements RawConnection {
  readonly socket: Socket;
  readonly frames: RawFrame[] = [];
  readonly resets = new Map<number, number>();
  goaway: Goaway | undefined;
  dataBytes = 0;
  receivedBytes = 0;
  sentBytes = 0;
  readonly #options: RawConnectionOptions;
  readonly #counts = new Map<number, number>();
  readonly #openedMs = performance.now();
  #end: ConnectionEnd = { how: "open", afterMs: Number.NaN };
  /** Asked after every read and at the end. */
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket, options: RawConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    const cut = createFrameCutter((frame) => this.#take(frame));
    socket.on("data", (bytes: Buffer) => {
      this.receivedBytes += bytes.length;
      cut(bytes);
      this.#tell();
    });
    socket.on("end", () => this.#finish("ended"));
    socket.on("error", () => this.#finish("reset"));
    socket.on("close", () => this.#finish("reset"));
  }

  get over(): boolean {
    return this.#end.how !== "open";
  }

  count(type: number): number {
    return this.#counts.get(type) ?? 0;
  }

  send(...parts: readonly Uint8Array[]): void {
    if (this.over || !this.socket.writable) return;
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : joinBytes(...parts);
    this.sentBytes += bytes.length;
    this.socket.write(bytes);
  }

  async push(bytes: Uint8Array, withinMs = pushMs): Promise<boolean> {
    const endMs = performance.now() + withinMs;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      if (this.over || !this.socket.writable) return false;
      const piece = bytes.subarray(at, at + pieceBytes);
      this.sentBytes += piece.length;
      let taken = false;
      this.socket.write(piece, (error) => {
        taken = error === undefined || error === null;
        this.#tell();
      });
      if (!(await this.until(() => taken, endMs - performance.now()))) return false;
    }
    return true;
  }

  setReading(reading: boolean): void {
    if (reading) this.socket.resume();
    else this.socket.pause();
  }

  async stopReading(): Promise<void> {
    await this.until(() => this.count(RawType.settings) > 0, settingsMs);
    this.setReading(false);
  }

  async until(condition: () => boolean, withinMs: number): Promise<boolean> {
    if (condition()) return true;
    if (this.over) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const ask = () => {
      if (condition()) resolve(true);
      else if (this.over) resolve(false);
    };
    this.#waiting.add(ask);
    const timer = setTimeout(resolve, withinMs, false);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(ask);
    }
  }

  async end(withinMs: number): Promise<ConnectionEnd> {
    await this.until(() => this.over, withinMs);
    return this.#end;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(frame: RawFrame): void {
    this.#options.onFrame?.(frame);
    const { type, flags, streamId, payload } = frame;
    this.#counts.set(type, this.count(type) + 1);
    if (type === RawType.data) this.dataBytes += payload.length;
    if (type !== RawType.data || this.#options.dropsData === false) {
      this.frames.push({ ...frame, payload: payload.slice() });
    }
    if (type === RawType.rstStream) this.resets.set(streamId, uint32At(payload, 0));
    else if (type === RawType.goaway) this.#onGoaway(payload);
    else if (type === RawType.settings && (flags & RawFlag.ack) === 0 && this.#options.begin !== "nothing") {
      this.send(rawSettingsAck);
    }
  }

  #onGoaway(payload: Uint8Array): void {
    this.goaway = {
      lastStreamId: uint32At(payload, 0) & 0x7fffffff,
      code: uint32At(payload, 4),
      debug: String.fromCharCode(...payload.subarray(8)),
      afterMs: performance.now() - this.#openedMs,
    };
  }

  #finish(how: "ended" | "reset"): void {
    if (this.over) return;
    this.#end = { how, afterMs: performance.now() - this.#openedMs };
    this.#tell();
  }

  #tell(): void {
    for (const ask of this.#waiting) ask();
  }
}
