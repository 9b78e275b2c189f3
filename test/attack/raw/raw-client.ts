// SPDX-License-Identifier: Apache-2.0
import {
  createRawHpackDecoder,
  joinBytes,
  type RawField,
  RawFlag,
  type RawFrame,
  RawSetting,
  RawType,
  rawData,
  rawMessage,
  rawPing,
  rawReset,
  rawWindowUpdate,
} from "@grpc-router/testing/raw-http2";
import type { TargetAddress } from "../targets/target.ts";
import { uint32At } from "./frame-cutter.ts";
import { requestHeaders } from "./orders.ts";
import { openRawConnection, type RawConnection } from "./raw-connection.ts";

/** How a client behaves. */
export interface RawClientOptions {
  /** Octets of the receive window of a stream. Default 65,535. */
  readonly windowBytes?: number;
  /** Id of the first stream. Default 1. */
  readonly firstStreamId?: number;
}

/** How a call is made. */
export interface RawCallOptions {
  readonly path: string;
  /** Messages without prefix, at once and in one frame: 16,384 octets at most. Default: an empty one. */
  readonly messages?: readonly Uint8Array[];
  /** Of the messages' prefixes; 1: compressed. Default 0. */
  readonly flags?: number;
  /** Behind the fields that every call has. */
  readonly fields?: readonly RawField[];
  /** Milliseconds until the caller resets the stream with CANCEL, as gRPC clients do at their deadline. Default: never. */
  readonly cancelAfterMs?: number;
}

/** What a call came to. */
export interface RawCallResult {
  /** grpc-status; NaN without one. */
  readonly status: number;
  /** :status; NaN without one. */
  readonly httpStatus: number;
  /** Octets of DATA. */
  readonly dataBytes: number;
  /** Code of the target's RST_STREAM; NaN without one. */
  readonly resetCode: number;
  /** How it ended: by an answer, by the target's RST_STREAM, by the caller's own, or with the connection. */
  readonly how: "answered" | "reset" | "cancelled" | "lost";
  readonly durationMs: number;
}

/** An honest client: acknowledges, answers PING, returns window, obeys MAX_CONCURRENT_STREAMS. It shares no code with the engine. */
export interface RawClient {
  readonly connection: RawConnection;
  call(options: RawCallOptions): Promise<RawCallResult>;
  /** Makes `count` calls, at most `atOnce` at a time, and returns what they came to. */
  calls(count: number, atOnce: number, options: RawCallOptions): Promise<RawCallResult[]>;
  close(): void;
}

/** Whether a call got the status OK. */
export function isOk({ status }: RawCallResult): boolean {
  return status === 0;
}

/** Opens a client and waits for the target's SETTINGS. @throws Error as `openRawConnection`. */
export async function openRawClient(
  address: TargetAddress,
  { windowBytes = 65_535, firstStreamId = 1 }: RawClientOptions = {},
) {
  const calls = new Calls(firstStreamId);
  const connection = await openRawConnection(address, {
    settings: [[RawSetting.initialWindowSize, windowBytes]],
    onFrame: (frame) => calls.take(frame),
  });
  calls.connection = connection;
  connection.socket.once("close", () => calls.lose());
  await connection.until(() => connection.count(RawType.settings) > 0, 5_000);
  const client: RawClient = {
    connection,
    call: (options) => calls.call(options),
    async calls(count, atOnce, options) {
      const results: RawCallResult[] = [];
      let left = count;
      const one = async () => {
        while (left-- > 0) results.push(await calls.call(options));
      };
      await Promise.all(Array.from({ length: atOnce }, one));
      return results;
    },
    close: () => connection.destroy(),
  };
  return client;
}

/** A call under way. */
interface OpenCall {
  readonly startedMs: number;
  readonly resolve: (result: RawCallResult) => void;
  timer: NodeJS.Timeout | undefined;
  status: number;
  httpStatus: number;
  dataBytes: number;
}

class Calls {
  connection: RawConnection | undefined;
  readonly #open = new Map<number, OpenCall>();
  readonly #decoder = createRawHpackDecoder();
  /** Pieces of a header block. */
  #block: Uint8Array[] = [];
  #nextId: number;
  #mostOpen = Number.POSITIVE_INFINITY;
  readonly #waiting: (() => void)[] = [];
  /** Octets of the connection's window that are to be returned. */
  #owed = 0;

  constructor(firstStreamId: number) {
    this.#nextId = firstStreamId;
  }

  async call(options: RawCallOptions): Promise<RawCallResult> {
    while (this.#open.size >= this.#mostOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const { path, messages = [new Uint8Array()], flags = 0, fields = [], cancelAfterMs } = options;
    const streamId = this.#nextId;
    this.#nextId += 2;
    const { promise, resolve } = Promise.withResolvers<RawCallResult>();
    const timer = cancelAfterMs === undefined ? undefined : setTimeout(() => this.#cancel(streamId), cancelAfterMs);
    const call = { startedMs: performance.now(), resolve, timer, status: Number.NaN, httpStatus: Number.NaN };
    this.#open.set(streamId, { ...call, dataBytes: 0 });
    if (this.connection === undefined || this.connection.over) this.#settle(streamId, "lost");
    const body = rawData(streamId, joinBytes(...messages.map((message) => rawMessage(message, flags))), true);
    this.connection?.send(requestHeaders(streamId, path, { fields }), body);
    return promise;
  }

  take(frame: RawFrame): void {
    const { type, flags, streamId, payload } = frame;
    if (type === RawType.headers || type === RawType.continuation) this.#onBlock(frame);
    else if (type === RawType.data) this.#onData(streamId, payload.length);
    else if (type === RawType.rstStream) this.#settle(streamId, "reset", uint32At(payload, 0));
    else if (type === RawType.ping && (flags & RawFlag.ack) === 0) this.connection?.send(rawPing([...payload], true));
    else if (type === RawType.settings) this.#onSettings(payload);
    const isLast = (type === RawType.data || type === RawType.headers) && (flags & RawFlag.endStream) !== 0;
    if (isLast && (type === RawType.data || (flags & RawFlag.endHeaders) !== 0)) this.#settle(streamId, "answered");
  }

  /** The connection is gone. */
  lose(): void {
    for (const streamId of [...this.#open.keys()]) this.#settle(streamId, "lost");
  }

  #cancel(streamId: number): void {
    this.connection?.send(rawReset(streamId, 8));
    this.#settle(streamId, "cancelled");
  }

  #onBlock({ flags, streamId, payload }: RawFrame): void {
    this.#block.push(payload.slice());
    if ((flags & RawFlag.endHeaders) === 0) return;
    const fields = new Map(this.#decoder.decode(joinBytes(...this.#block)));
    this.#block = [];
    const call = this.#open.get(streamId);
    if (call === undefined) return;
    if (fields.has(":status")) call.httpStatus = Number(fields.get(":status"));
    if (fields.has("grpc-status")) call.status = Number(fields.get("grpc-status"));
  }

  #onData(streamId: number, octets: number): void {
    const call = this.#open.get(streamId);
    this.#owed += octets;
    if (call !== undefined) {
      call.dataBytes += octets;
      if (octets > 0) this.connection?.send(rawWindowUpdate(streamId, octets));
    }
    if (this.#owed < 16_384) return;
    this.connection?.send(rawWindowUpdate(0, this.#owed));
    this.#owed = 0;
  }

  #onSettings(payload: Uint8Array): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const setting = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
      if (setting === RawSetting.maxConcurrentStreams) this.#mostOpen = uint32At(payload, at + 2);
    }
  }

  #settle(streamId: number, how: RawCallResult["how"], resetCode = Number.NaN): void {
    const call = this.#open.get(streamId);
    if (call === undefined) return;
    this.#open.delete(streamId);
    clearTimeout(call.timer);
    const { status, httpStatus, dataBytes } = call;
    call.resolve({ status, httpStatus, dataBytes, resetCode, how, durationMs: performance.now() - call.startedMs });
    this.#waiting.shift()?.();
  }
}
