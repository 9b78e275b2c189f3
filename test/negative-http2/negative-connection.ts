// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import {
  createRawPeer,
  type RawField,
  RawFlag,
  type RawFrame,
  type RawPeer,
  RawSetting,
  RawType,
  rawData,
  rawGoaway,
  rawHeaders,
  rawLiterals,
  rawPing,
  rawReset,
  rawSettings,
  rawSettingsAck,
  rawWindowUpdate,
} from "@grpc-router/testing";
import { createSocketEnd } from "../harness/socket-end.ts";

/** How a connection behaves beside its answers. */
export interface NegativeConnectionOptions {
  /** SETTINGS_MAX_CONCURRENT_STREAMS. Default: none. */
  readonly maxStreams?: number | undefined;
  /** A PING before and behind every other frame of an answer. */
  readonly pings?: boolean | undefined;
}

const maxDataBytes = 16_384;
const initialWindowBytes = 65_535;

/**
 * The server's side of one connection, down to the frames: it acknowledges SETTINGS, answers PING, keeps to both windows
 * and returns its own. What is said in answer to a request is up to `onRequest`.
 */
export class NegativeConnection {
  /** Ids of all streams that the client has opened, in order. */
  readonly requests: number[] = [];
  /** Streams that the client opened after GOAWAY. */
  readonly requestsAfterGoaway: number[] = [];
  /** The most streams open at once, once the client has acknowledged our SETTINGS. */
  mostAtOnce = 0;
  pingsSent = 0;
  pingsAnswered = 0;
  readonly #peer: RawPeer;
  readonly #options: NegativeConnectionOptions;
  readonly #onRequest: (streamId: number, body: Uint8Array) => void;
  readonly #open = new Set<number>();
  readonly #windows = new Map<number, number>();
  readonly #waiting = new Set<() => void>();
  #window = initialWindowBytes;
  #firstWindow = initialWindowBytes;
  #handled = 0;
  #knowsLimit = false;
  #leaves = false;

  constructor(
    socket: Socket,
    options: NegativeConnectionOptions,
    onRequest: (connection: NegativeConnection, streamId: number, body: Uint8Array) => void,
  ) {
    this.#options = options;
    this.#onRequest = (streamId, body) => onRequest(this, streamId, body);
    this.#peer = createRawPeer(
      createSocketEnd(socket, () => this.#look()),
      { role: "server" },
    );
    const { maxStreams } = options;
    this.#peer.send(rawSettings(maxStreams === undefined ? [] : [[RawSetting.maxConcurrentStreams, maxStreams]]));
  }

  /** The client has ended the connection, in good order or not. */
  get isOver(): boolean {
    return this.#peer.over !== undefined;
  }

  /** Resolves when the connection is over. */
  async untilOver(): Promise<void> {
    while (!this.isOver) await this.#somethingNew();
  }

  sendHead(streamId: number, fields: readonly RawField[], endStream = false): void {
    if (endStream) this.#open.delete(streamId);
    this.#say(rawHeaders(streamId, rawLiterals(fields), endStream));
  }

  /** Sends DATA as the windows let it; resolves when all is sent, or when the stream is over. */
  async sendData(streamId: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && this.#open.has(streamId) && !this.isOver; ) {
      const window = this.#windows.get(streamId) ?? 0;
      const count = Math.min(bytes.length - at, maxDataBytes, this.#window, window);
      if (count > 0) {
        this.#windows.set(streamId, window - count);
        this.#window -= count;
        this.#say(rawData(streamId, bytes.subarray(at, at + count)));
        at += count;
      } else await this.#somethingNew();
    }
  }

  reset(streamId: number, code: number): void {
    this.#open.delete(streamId);
    this.#say(rawReset(streamId, code));
  }

  goAway(lastStreamId: number): void {
    this.#leaves = true;
    this.#say(rawGoaway(lastStreamId, 0));
  }

  #say(frame: Uint8Array): void {
    if (this.#options.pings !== true) this.#peer.send(frame);
    else {
      this.pingsSent += 2;
      this.#peer.send(rawPing(), frame, rawPing());
    }
  }

  /** Handles the frames that have come since the last look. */
  #look(): void {
    for (const frame of this.#peer.frames.slice(this.#handled)) {
      this.#handled++;
      this.#handle(frame);
    }
    for (const wake of [...this.#waiting]) wake();
    this.#waiting.clear();
  }

  #handle({ type, flags, streamId, payload }: RawFrame): void {
    const isAck = (flags & RawFlag.ack) !== 0;
    if (type === RawType.settings && isAck) this.#knowsLimit = true;
    else if (type === RawType.settings) this.#takeSettings(payload);
    else if (type === RawType.ping && isAck) this.pingsAnswered++;
    else if (type === RawType.ping) this.#peer.send(rawPing([...payload], true));
    else if (type === RawType.windowUpdate) this.#widen(streamId, uint32At(payload, 0));
    else if (type === RawType.rstStream) this.#open.delete(streamId);
    else if (type === RawType.headers) this.#begin(streamId);
    else if (type === RawType.data && payload.length > 0) {
      this.#peer.send(rawWindowUpdate(0, payload.length), rawWindowUpdate(streamId, payload.length));
    }
    const endsStream = (type === RawType.headers || type === RawType.data) && (flags & RawFlag.endStream) !== 0;
    if (endsStream) this.#onRequest(streamId, this.#peer.dataOf(streamId));
  }

  #begin(streamId: number): void {
    this.requests.push(streamId);
    if (this.#leaves) this.requestsAfterGoaway.push(streamId);
    this.#open.add(streamId);
    this.#windows.set(streamId, this.#firstWindow);
    if (this.#knowsLimit) this.mostAtOnce = Math.max(this.mostAtOnce, this.#open.size);
  }

  #takeSettings(payload: Uint8Array): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (((payload[at] ?? 0) << 8) + (payload[at + 1] ?? 0) !== RawSetting.initialWindowSize) continue;
      const change = uint32At(payload, at + 2) - this.#firstWindow;
      this.#firstWindow += change;
      for (const [streamId, window] of this.#windows) this.#windows.set(streamId, window + change);
    }
    this.#peer.send(rawSettingsAck);
  }

  #widen(streamId: number, increment: number): void {
    if (streamId === 0) this.#window += increment;
    else this.#windows.set(streamId, (this.#windows.get(streamId) ?? 0) + increment);
  }

  #somethingNew(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }
}

function uint32At(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}
