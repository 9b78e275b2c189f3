// SPDX-License-Identifier: Apache-2.0
import type { CloseReason, Connection, ConnectionHandler, FieldList, Scheduler, Transport } from "@grpc-router/http2";
import { attachTransport, createFieldListReader, createFlusher, createHeaderTemplate } from "@grpc-router/http2";
import type { DuplexEnd } from "./duplex.js";
import { rawLiterals } from "./raw-http2/raw-hpack.js";
import { TestCall } from "./test-call.js";

/** What a call has beside its path. */
export interface TestCallOptions {
  /** Metadata in order; names may repeat. */
  readonly metadata?: FieldList;
  /** The grpc-timeout field as it is sent: "250m". Default: none. */
  readonly timeout?: string;
  /** Default "application/grpc". */
  readonly contentType?: string;
  /** Ends the request with the head. Default false. */
  readonly endStream?: boolean;
}

/** How a client is set up. */
export interface TestClientOptions {
  /** Bytes of a response that may come before the client returns window; 0: no response data at all. Default 1,048,576. */
  readonly initialWindowBytes?: number;
}

/** A gRPC client without sockets, promises or clocks: calls go out and replies come in as the scheduler runs. */
export interface TestClient {
  readonly connection: Connection<TestCall>;
  /** Begins a call; messages follow with `TestCall.send`. */
  start(path: string, options?: TestCallOptions): TestCall;
  /** A whole unary call: head, one message, half close. */
  unary(path: string, message: Uint8Array, options?: TestCallOptions): TestCall;
  /** Sends a request with these fields exactly; pseudo fields included. */
  request(fields: FieldList, endStream?: boolean): TestCall;
  /** GOAWAYs received. */
  readonly goaways: readonly { readonly lastStreamId: number; readonly code: number; readonly debug: string }[];
  /** Why the connection is gone; undefined while it stands. */
  readonly closeReason: CloseReason | undefined;
}

const empty = createHeaderTemplate([]);

/**
 * Creates a client at one end of a duplex, or of anything that delivers like one, on the engine's client role.
 *
 * @example
 * const client = createTestClient(duplex.left, scheduler);
 * const call = client.unary("/acme.user.v1.UserService/GetUser", request);
 * scheduler.advance(10);
 * call.status;
 */
export function createTestClient(
  end: Transport & Pick<DuplexEnd, "deliverTo">,
  scheduler: Scheduler,
  clientOptions: TestClientOptions = {},
): TestClient {
  const goaways: { lastStreamId: number; code: number; debug: string }[] = [];
  let closeReason: CloseReason | undefined;
  const handler: ConnectionHandler<FieldList, TestCall> = {
    onHead({ data: call }, head, endStream) {
      if (call === undefined) return;
      if (endStream) call.trailers = head;
      else call.head = head;
    },
    onData: ({ data: call }, bytes, from, to) => call?.receive(bytes.subarray(from, to)),
    onTrailers({ data: call }, head) {
      if (call !== undefined) call.trailers = head;
    },
    onSent({ data: call }, count) {
      if (call !== undefined) call.queuedBytes -= count;
    },
    onRoom: () => {},
    onClosed: ({ data: call }, code, by) => call?.close(code, by),
    onTurn: () => {},
    onGoaway: (lastStreamId, code, debug) => void goaways.push({ lastStreamId, code, debug }),
    onConnectionClosed(reason) {
      closeReason = reason;
    },
  };
  const options = { ...clientOptions, role: "client", reader: createFieldListReader(), handler } as const;
  const { connection, sink } = attachTransport(end, createFlusher(scheduler), options);
  end.deliverTo(sink);
  const request = (fields: FieldList, endStream = false): TestCall => {
    const call = new TestCall(connection);
    const literals = rawLiterals(fields);
    const stream = connection.open(empty, literals, 0, literals.length, endStream);
    stream.data = call;
    call.start(stream);
    return call;
  };
  const start = (path: string, callOptions: TestCallOptions = {}): TestCall =>
    request(headOf(path, callOptions), callOptions.endStream);
  return {
    connection,
    goaways,
    request,
    start,
    unary(path, message, callOptions) {
      const call = start(path, callOptions);
      call.send(message, { halfClose: true });
      return call;
    },
    get closeReason() {
      return closeReason;
    },
  };
}

function headOf(
  path: string,
  { contentType = "application/grpc", metadata = [], timeout }: TestCallOptions,
): FieldList {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "router.test"],
    ...(timeout === undefined ? [] : [["grpc-timeout", timeout] as const]),
    ["content-type", contentType],
    ["te", "trailers"],
    ...metadata,
  ];
}
