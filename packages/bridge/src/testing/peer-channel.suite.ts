// SPDX-License-Identifier: Apache-2.0
// One Register stream as the tests hold it, at the router's end.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Connection, createHeaderTemplate, ErrorCode, type FieldList, type Stream } from "@grpc-router/http2";
import {
  encodeBinaryValue,
  encodeStatusDetails,
  type Hello,
  type InstanceControl,
  type RouterControlSchema,
  type StatusDetails,
  type WelcomeSchema,
} from "@grpc-router/protocol";
import {
  type CallFrame,
  concat,
  decodeFrame,
  encodeFields,
  encodeFrame,
  type ReplyFrame,
} from "./peer-frames.suite.js";

const NO_FIELDS = createHeaderTemplate([]);

/** One Register stream at the router. */
export class PeerChannel {
  readonly path: string;
  readonly request: FieldList;
  readonly frames: ReplyFrame[] = [];
  /** The instance has ended its side. */
  ended = false;
  /** What becomes of the bytes of every frame before they are sent. */
  mutate: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
  /** How the stream was closed: HTTP/2 error code and by whom. */
  closed: { readonly code: number; readonly by: string } | undefined;
  readonly #connection: Connection<PeerChannel>;
  readonly #stream: Stream<PeerChannel>;
  #pending = new Uint8Array(0);
  #hasHead = false;

  constructor(connection: Connection<PeerChannel>, stream: Stream<PeerChannel>, request: FieldList) {
    this.#connection = connection;
    this.#stream = stream;
    this.request = request;
    this.path = request.find(([name]) => name === ":path")?.[1] ?? "";
  }

  get hello(): Hello {
    const kind = this.frames[0]?.head.control?.kind;
    if (kind?.case !== "hello") throw new Error("Cannot find the Hello");
    return kind.value;
  }

  /** All control frames of one kind. */
  controls<Case extends NonNullable<InstanceControl["kind"]["case"]>>(kind: Case) {
    return this.frames.flatMap(({ head }) => {
      const control = head.control?.kind;
      return control?.case === kind ? [control.value as Extract<InstanceControl["kind"], { case: Case }>["value"]] : [];
    });
  }

  /** Frames of one call. */
  of(callId: number): ReplyFrame[] {
    return this.frames.filter(({ head }) => head.callId === BigInt(callId));
  }

  /** The End of a call; undefined if it has none. */
  endOf(callId: number) {
    return this.of(callId).find(({ head }) => head.end !== undefined)?.head.end;
  }

  /** Whole messages of a call, members and fragments alike. */
  messagesOf(callId: number): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let slices: Uint8Array[] = [];
    for (const { payloadNumber, payload, fragment } of this.of(callId)) {
      if (fragment !== undefined) {
        slices.push(fragment.data);
        if (fragment.remaining > 0) continue;
        messages.push(concat(slices));
        slices = [];
      } else if (payloadNumber > 0) messages.push(payload);
    }
    return messages;
  }

  /** The highest mark that has come. */
  get acceptedThrough(): number {
    return this.frames.reduce((mark, { head }) => Math.max(mark, Number(head.acceptedThrough)), 0);
  }

  welcome(welcome: MessageInitShape<typeof WelcomeSchema> = {}): this {
    const value = { revision: 1, routerId: "router-1", epoch: 1n, ...welcome };
    return this.control({ case: "welcome", value });
  }

  control(kind: NonNullable<MessageInitShape<typeof RouterControlSchema>["kind"]>, critical = false): this {
    return this.send({ head: { control: { kind, critical } } });
  }

  send(...frames: readonly CallFrame[]): this {
    return this.sendBytes(this.mutate(concat(frames.map(encodeFrame))));
  }

  sendBytes(bytes: Uint8Array): this {
    this.#writeHead();
    this.#connection.write(this.#stream, bytes, 0, bytes.length, false);
    return this;
  }

  /** Ends the stream with a status. */
  status(code: number, message = "", details?: StatusDetails): this {
    const fields: [string, string][] = [
      ["grpc-status", String(code)],
      ["grpc-message", message],
    ];
    if (details !== undefined)
      fields.push(["grpc-status-details-bin", encodeBinaryValue(encodeStatusDetails(details))]);
    return this.head(
      this.#hasHead ? fields : [[":status", "200"], ["content-type", "application/grpc"], ...fields],
      true,
    );
  }

  head(fields: FieldList, endStream = false): this {
    const literals = encodeFields(fields);
    this.#connection.writeHead(this.#stream, NO_FIELDS, literals, 0, literals.length, endStream);
    this.#hasHead = true;
    return this;
  }

  reset(code: number = ErrorCode.internalError): void {
    this.#connection.reset(this.#stream, code);
  }

  /** For the connection: bytes of the instance. */
  receive(bytes: Uint8Array, write: number): void {
    this.#pending = concat([this.#pending, bytes]);
    while (this.#pending.length >= 5) {
      const size = new DataView(this.#pending.buffer, this.#pending.byteOffset).getUint32(1);
      if (this.#pending.length < 5 + size) return;
      this.frames.push(decodeFrame(this.#pending.subarray(5, 5 + size), write));
      this.#pending = this.#pending.slice(5 + size);
    }
  }

  #writeHead(): void {
    if (!this.#hasHead)
      this.head([
        [":status", "200"],
        ["content-type", "application/grpc"],
      ]);
  }
}
