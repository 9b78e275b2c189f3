// SPDX-License-Identifier: Apache-2.0

import { formatTimeout, MetadataCursor, readStart, START_METADATA_NUMBER, StartView } from "@grpc-router/protocol";

/**
 * The request's header as Connect's gRPC handlers see it: metadata in order, binary values in base64, and the fields that
 * a CallStart holds apart. `start` is an encoded CallStart. Entries that `Headers` refuses are left out.
 */
export function readRequestHeader(start: Uint8Array): Headers {
  const header = new Headers();
  const view = new StartView();
  readStart(start, 0, start.length, view);
  const subtype = latin1(start, view.subtypeStart, view.subtypeEnd);
  if (subtype !== "") append(header, "content-type", `application/grpc+${subtype}`);
  if (!header.has("content-type")) header.set("content-type", "application/grpc");
  const encoding = latin1(start, view.encodingStart, view.encodingEnd);
  if (encoding !== "") append(header, "grpc-encoding", encoding);
  const accepted = latin1(start, view.acceptEncodingStart, view.acceptEncodingEnd);
  if (accepted !== "") append(header, "grpc-accept-encoding", accepted);
  if (view.timeoutUs > 0) header.set("grpc-timeout", formatTimeout(view.timeoutUs));
  if (view.attempt > 0) header.set("grpc-previous-rpc-attempts", String(view.attempt));
  const entries = new MetadataCursor();
  entries.reset(start, 0, start.length, START_METADATA_NUMBER);
  while (entries.next()) {
    const name = latin1(start, entries.nameStart, entries.nameEnd);
    append(header, name, latin1(start, entries.valueStart, entries.valueEnd));
  }
  return header;
}

/** `bytes[start, end)` with one character per octet, as HTTP field values are. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index] as number);
  return text;
}

function append(header: Headers, name: string, value: string): void {
  try {
    header.append(name, value);
  } catch {
    // A name or value that HTTP allows but Fetch does not: user code could not have read it with Connect either.
  }
}
