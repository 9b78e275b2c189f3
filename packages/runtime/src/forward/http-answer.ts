// SPDX-License-Identifier: Apache-2.0
import {
  type Connection,
  createHeaderTemplate,
  ErrorCode,
  type HeaderTemplate,
  type Stream,
  sizeofLiteralField,
  writeLiteralField,
} from "@grpc-router/http2";
import { asciiBytes } from "./ascii.js";
import type { StreamUser } from "./stream-user.js";

/** A plain HTTP answer, for what is no gRPC. */
export interface HttpAnswer {
  readonly status: number;
  /** Text that ends in a newline. */
  readonly body: string;
  /** Further fields. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

const template: HeaderTemplate = createHeaderTemplate([]);

/** Answers a request that is no gRPC and ends its stream. */
export function sendHttpAnswer(
  connection: Connection<StreamUser>,
  stream: Stream<StreamUser>,
  { status, body, fields = [] }: HttpAnswer,
): void {
  const { remoteEnded } = stream;
  const bytes = asciiBytes(body);
  const head = encodeFields([
    [":status", String(status)],
    ["content-type", "text/plain; charset=utf-8"],
    ["content-length", String(bytes.length)],
    ...fields,
  ]);
  connection.writeHead(stream, template, head, 0, head.length, false);
  connection.write(stream, bytes, 0, bytes.length, true);
  if (!remoteEnded && !connection.closed) connection.reset(stream, ErrorCode.noError);
}

function encodeFields(fields: readonly (readonly [name: string, value: string])[]): Uint8Array {
  const encoded = fields.map(([name, value]) => [asciiBytes(name), asciiBytes(value)] as const);
  const size = encoded.reduce((sum, [name, value]) => sum + sizeofLiteralField(name.length, value.length), 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const [name, value] of encoded) at = writeLiteralField(bytes, at, name, value);
  return bytes.subarray(0, at);
}
