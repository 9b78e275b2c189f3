// SPDX-License-Identifier: Apache-2.0
import type { Connection, FieldList, Stream } from "@grpc-router/http2";
import { ErrorCode } from "@grpc-router/http2";
import type { StatusDetails } from "@grpc-router/protocol";
import { decodeBinaryValue, decodeStatusDetails, percentDecode } from "@grpc-router/protocol";
import { createMessageList, type WireMessage } from "./message-list.js";
import { rawMessage } from "./raw-http2/raw-frame.js";

/** How a call ended, as a gRPC client sees it. */
export interface TestStatus {
  /** gRPC status code. */
  readonly code: number;
  /** grpc-message, decoded. */
  readonly message: string;
  /** grpc-status-details-bin, decoded; undefined without one. */
  readonly details: StatusDetails | undefined;
}

/** A call of a `TestClient`. Everything received shows here as the scheduler runs. */
export class TestCall {
  /** The response head; undefined before it, and for Trailers-Only. */
  head: FieldList | undefined;
  /** The trailers, or the head of Trailers-Only. */
  trailers: FieldList | undefined;
  /** Response messages so far. */
  readonly messages: readonly WireMessage[];
  /** Bytes of a response message that is not whole. */
  get restBytes(): number {
    return this.#incoming.restBytes;
  }
  /** The error code and who reset the stream, if it did not end in order. */
  reset: { readonly code: number; readonly by: "peer" | "local" | "connection" } | undefined;
  /** Nothing more will come. */
  closed = false;
  /** Bytes given to `send` that wait for window or room. */
  queuedBytes = 0;
  readonly #connection: Connection<TestCall>;
  readonly #incoming = createMessageList();
  #stream: Stream<TestCall> | undefined;
  #reading = true;
  #owedBytes = 0;

  constructor(connection: Connection<TestCall>) {
    this.#connection = connection;
    this.messages = this.#incoming.messages;
  }

  /** The response was one head that ended the stream. */
  get trailersOnly(): boolean {
    return this.trailers !== undefined && this.head === undefined;
  }

  /** HTTP status of the response; undefined before its head. */
  get httpStatus(): number | undefined {
    const value = fieldOf(this.head ?? this.trailers ?? [], ":status");
    return value === undefined ? undefined : Number(value);
  }

  /** The status in the trailers; undefined before them, or if they have none. */
  get status(): TestStatus | undefined {
    const fields = this.trailers ?? [];
    const code = fieldOf(fields, "grpc-status");
    if (code === undefined) return undefined;
    const details = decodeBinaryValue(fieldOf(fields, "grpc-status-details-bin") ?? "");
    return {
      code: Number(code),
      message: percentDecode(fieldOf(fields, "grpc-message") ?? ""),
      details: details === undefined || details.length === 0 ? undefined : decodeStatusDetails(details),
    };
  }

  /** Values of a field of the head, in order. */
  headValues(name: string): readonly string[] {
    return valuesOf(this.head, name);
  }

  /** Values of a field of the trailers, in order. */
  trailerValues(name: string): readonly string[] {
    return valuesOf(this.trailers, name);
  }

  /** Sends a request message. */
  send(message: Uint8Array, { compressed = false, halfClose = false } = {}): void {
    this.sendBytes(rawMessage(message, compressed ? 1 : 0), halfClose);
  }

  /** Sends bytes as DATA, framed as they are. */
  sendBytes(bytes: Uint8Array, halfClose = false): void {
    if (this.#stream === undefined || this.closed) return;
    const sent = this.#connection.write(this.#stream, bytes, 0, bytes.length, halfClose);
    this.queuedBytes += bytes.length - sent;
  }

  /** Sends no more messages. */
  halfClose(): void {
    this.sendBytes(new Uint8Array(), true);
  }

  /** Gives the call up: RST_STREAM. */
  cancel(code: number = ErrorCode.cancel): void {
    if (this.#stream !== undefined && !this.closed) this.#connection.reset(this.#stream, code);
  }

  /** False: windows are not returned any more, so the router must hold back; true: all that is owed is returned. */
  setReading(reading: boolean): void {
    this.#reading = reading;
    if (reading) this.#consume(0);
  }

  /** For the client: the stream it runs on. */
  start(stream: Stream<TestCall>): void {
    this.#stream = stream;
  }

  /** For the client: bytes of a DATA frame. */
  receive(bytes: Uint8Array): void {
    this.#incoming.push(bytes);
    this.#consume(bytes.length);
  }

  /** For the client: the stream is over. */
  close(code: number, by: "end" | "peer" | "local" | "connection"): void {
    this.closed = true;
    this.#stream = undefined;
    if (by !== "end") this.reset = { code, by };
  }

  #consume(bytes: number): void {
    this.#owedBytes += bytes;
    if (!this.#reading || this.#stream === undefined) return;
    this.#connection.consume(this.#stream, this.#owedBytes);
    this.#owedBytes = 0;
  }
}

function valuesOf(fields: FieldList = [], name: string): readonly string[] {
  return fields.filter(([other]) => other === name).map(([, value]) => value);
}

function fieldOf(fields: FieldList, name: string): string | undefined {
  return fields.find(([other]) => other === name)?.[1];
}
