// SPDX-License-Identifier: Apache-2.0
import type { Connection, ConnectionHandler, FieldList, Scheduler } from "@grpc-router/http2";
import { attachTransport, createFieldListReader, createFlusher, createHeaderTemplate } from "@grpc-router/http2";
import { StatusCode } from "@grpc-router/protocol";
import { type DuplexEnd, rawLiterals, rawMessage } from "@grpc-router/testing";
import { messageOf, timeIn } from "./timed-message.ts";

/** A call of the trace. */
export interface SentCall {
  /** Its place in the trace. */
  readonly index: number;
  /** gRPC status code. */
  code: number;
  /** How long an instance worked on it, in milliseconds, pauses included; 0: nobody has said. */
  servedMs: number;
}

/** Told of every call once. */
export type OnCallEnd = (call: SentCall) => void;

/** Name of the metadata field that says whose call it is. */
export const userField = "x-user";

const empty = createHeaderTemplate([]);

/** One connection of the clients. */
export class TraceClient {
  readonly #connection: Connection<SentCall>;

  constructor(end: DuplexEnd, scheduler: Scheduler, onCallEnd: OnCallEnd) {
    const handler: ConnectionHandler<FieldList, SentCall> = {
      onHead({ data }, fields, endStream) {
        if (endStream && data !== undefined) data.code = statusOf(fields);
      },
      onData: (stream, bytes, start, to) => {
        // An answer comes in one piece.
        if (stream.data !== undefined) stream.data.servedMs = timeIn(bytes, to);
        this.#connection.consume(stream, to - start);
      },
      onTrailers({ data }, fields) {
        if (data !== undefined) data.code = statusOf(fields);
      },
      onSent() {},
      onRoom() {},
      onClosed({ data }) {
        if (data !== undefined) onCallEnd(data);
      },
      onTurn() {},
      onGoaway() {},
      onConnectionClosed({ message }) {
        throw new Error(`Cannot go on: the connection of a client is closed: ${message}`);
      },
    };
    const options = {
      role: "client",
      reader: createFieldListReader(),
      handler,
      initialWindowBytes: 1_048_576,
    } as const;
    const { connection, sink } = attachTransport(end, createFlusher(scheduler), options);
    end.deliverTo(sink);
    this.#connection = connection;
  }

  /** Sends a whole call. */
  send(index: number, user: number, workMs: number): void {
    const literals = headOf(user);
    const stream = this.#connection.open(empty, literals, 0, literals.length, false);
    stream.data = { index, code: StatusCode.unknown, servedMs: 0 };
    const message = rawMessage(messageOf(workMs), 0);
    this.#connection.write(stream, message, 0, message.length, true);
  }
}

const heads = new Map<number, Uint8Array>();

/** The head of a user's calls, encoded once. */
function headOf(user: number): Uint8Array {
  const known = heads.get(user);
  if (known !== undefined) return known;
  const encoded = rawLiterals([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/bench.v1.EchoService/Echo"],
    [":authority", "bench.test"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    [userField, `user-${user}`],
  ]);
  heads.set(user, encoded);
  return encoded;
}

function statusOf(fields: FieldList): number {
  return Number(fields.find(([name]) => name === "grpc-status")?.[1] ?? StatusCode.unknown);
}
