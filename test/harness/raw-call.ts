// SPDX-License-Identifier: Apache-2.0
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { decodeBinaryValue, decodeStatusDetails, percentDecode, type StatusDetails } from "@grpc-router/protocol";

/** Header fields in the order of the wire; names may repeat. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** What a call came to, frame by frame: nothing is hidden by a gRPC library. */
export interface RawAnswer {
  /** The response's first head. */
  readonly head: Fields;
  /** What came behind the messages; undefined for an answer of one head only. */
  readonly trailers: Fields | undefined;
  /** The answer was one HEADERS frame that ended the stream: Trailers-Only. */
  readonly isTrailersOnly: boolean;
  readonly body: Buffer;
  /** `grpc-status`, wherever it was; NaN if nowhere. */
  readonly code: number;
  /** `grpc-message`, decoded. */
  readonly message: string;
  readonly errorInfo: StatusDetails["errorInfo"];
}

/** A call under way. */
export interface RawCall {
  readonly stream: ClientHttp2Stream;
  /** Resolves with the response's first head. */
  readonly head: Promise<Fields>;
  /** Resolves when the stream is closed. */
  readonly answer: Promise<RawAnswer>;
}

/** What a raw call sends. */
export interface RawCallOptions {
  /** Behind the fields that every call has. */
  readonly fields?: Fields;
  /** Bytes of the request body, message prefixes included. Default: one empty message. */
  readonly body?: Uint8Array;
  /** The request ends with the body. Default true. */
  readonly end?: boolean;
}

/** A client on node:http2 that sends exactly the fields it is told to. */
export interface RawClient {
  readonly session: ClientHttp2Session;
  start(path: string, options?: RawCallOptions): RawCall;
  call(path: string, options?: RawCallOptions): Promise<RawAnswer>;
  close(): void;
}

/** Connects to a router at `url`. */
export function createRawClient(url: string): RawClient {
  const session = connect(url);
  const start = (path: string, { fields = [], body = framed(), end = true }: RawCallOptions = {}): RawCall => {
    const stream = session.request(headersOf(path, fields), { endStream: end && body.length === 0 });
    if (body.length > 0) stream.write(body);
    if (end && body.length > 0) stream.end();
    return { stream, ...collect(stream) };
  };
  return { session, start, call: (path, options) => start(path, options).answer, close: () => session.destroy() };
}

/** A gRPC message with its prefix. */
export function framed(message: Uint8Array = new Uint8Array(0), flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The values of a field, in order. */
export function valuesOf(fields: Fields | undefined, name: string): string[] {
  return (fields ?? []).filter(([other]) => other === name).map(([, value]) => value);
}

function headersOf(path: string, more: Fields): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  };
  // One name with a list is sent as so many fields.
  for (const [name, value] of more) {
    const before = headers[name];
    if (before === undefined || name.startsWith(":") || name === "content-type") headers[name] = value;
    else headers[name] = [before, value].flat();
  }
  return headers;
}

function collect(stream: ClientHttp2Stream): Pick<RawCall, "head" | "answer"> {
  const head = Promise.withResolvers<Fields>();
  let isTrailersOnly = false;
  let trailers: Fields | undefined;
  const chunks: Buffer[] = [];
  stream.on("response", (_, flags, raw) => {
    isTrailersOnly = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    head.resolve(pairs(raw as unknown as string[]));
  });
  stream.on("trailers", (_, __, raw) => {
    trailers = pairs(raw as unknown as string[]);
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", (error) => head.reject(error));
  const closed = new Promise<void>((resolve) => stream.once("close", resolve));
  const answer = closed.then(async () => {
    const first = await Promise.race([head.promise, Promise.reject(new Error(`reset with ${stream.rstCode}`))]);
    const fields = trailers ?? first;
    return {
      head: first,
      trailers,
      isTrailersOnly,
      body: Buffer.concat(chunks),
      code: Number(valuesOf(fields, "grpc-status")[0]),
      message: percentDecode(valuesOf(fields, "grpc-message")[0] ?? ""),
      errorInfo: errorInfoIn(fields),
    };
  });
  // Whoever looks at one of the two is told; nobody has to look at both.
  for (const promise of [head.promise, answer]) promise.catch(() => {});
  return { head: head.promise, answer };
}

function errorInfoIn(fields: Fields): StatusDetails["errorInfo"] {
  const bytes = decodeBinaryValue(valuesOf(fields, "grpc-status-details-bin")[0] ?? "");
  return bytes === undefined || bytes.length === 0 ? undefined : decodeStatusDetails(bytes)?.errorInfo;
}

function pairs(raw: readonly string[]): Fields {
  const fields: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) fields.push([raw[index] ?? "", raw[index + 1] ?? ""]);
  return fields;
}
