// SPDX-License-Identifier: Apache-2.0

import type { FieldList } from "@grpc-router/http2";
import {
  decodeBinaryValue,
  encodeEnd,
  encodeHeader,
  isMetadataName,
  isMetadataValue,
  isReservedName,
  MAX_METADATA_ENTRIES,
  METADATA_ENTRY_OVERHEAD,
  type MetadataList,
  percentEncode,
  StatusCode,
  statusOfHttp,
} from "@grpc-router/protocol";
import { type CallEnd, encodeReasonEnd, shorten } from "../channel/call-end.js";

/** What a reply's fields are judged by. */
export interface FieldsContext {
  /** The method, for people. */
  readonly label: string;
  /** Most metadata that the router takes. */
  readonly maxMetadataBytes: number;
  /** An entry cannot be carried. */
  dropped(name: string): void;
}

const encoder = new TextEncoder();
const utf8 = new TextDecoder();

/** Why a response head is not that of a gRPC call: the End of the call; undefined if it is. */
export function judgeHead(fields: FieldList): CallEnd | undefined {
  const status = fieldOf(fields, ":status");
  const type = fieldOf(fields, "content-type") ?? "";
  if (status === "200" && type.startsWith("application/grpc")) return undefined;
  const code = status === "200" ? StatusCode.unknown : statusOfHttp(Number(status));
  const what = `HTTP status ${status}${type === "" ? "" : ` with content-type ${shorten(type)}`}`;
  return end(code, percentEncode(`the server behind the bridge must answer with gRPC, received ${what}`));
}

/** The encoded Header of a response head; or the End of a call whose metadata is too much. */
export function headerOf(fields: FieldList, context: FieldsContext): Uint8Array | CallEnd {
  const metadata = metadataOf(fields, context);
  return (
    judge(metadata, 0, context) ??
    encodeHeader({
      metadata,
      encoding: textOf(fields, "grpc-encoding"),
      acceptEncoding: textOf(fields, "grpc-accept-encoding"),
    })
  );
}

/** How a call ends by its trailers, or by the one head of a Trailers-Only answer. */
export function endOf(fields: FieldList, context: FieldsContext): CallEnd {
  const status = fieldOf(fields, "grpc-status");
  if (status === undefined) {
    const isHead = fieldOf(fields, ":status") !== undefined;
    const refusal = isHead ? judgeHead(fields) : undefined;
    return refusal ?? end(StatusCode.unknown, "the server behind the bridge ended the call without a grpc-status");
  }
  const code = /^\d{1,9}$/.test(status) ? Number(status) : StatusCode.unknown;
  const message = messageOf(fieldOf(fields, "grpc-message") ?? "");
  const binary = fieldOf(fields, "grpc-status-details-bin");
  const details = binary === undefined ? undefined : decodeBinaryValue(binary);
  const trailers = metadataOf(fields, context);
  const size = message.length + (details?.length ?? 0);
  const fault = judge(trailers, size, context);
  if (fault !== undefined) return fault;
  const bytes = encodeEnd({ code, message, trailers, ...(details !== undefined && { details }) });
  return { code, message, bytes, notRun: false };
}

/** An End of a code and a percent-encoded message. */
function end(code: number, message: string): CallEnd {
  return { code, message, bytes: encodeEnd({ code, message }), notRun: false };
}

function metadataOf(fields: FieldList, context: FieldsContext): MetadataList {
  const list: (readonly [string, string])[] = [];
  for (const [name, value] of fields) {
    if (isReservedName(name)) continue;
    if (isName(name) && isValue(value)) list.push([name, value]);
    else context.dropped(name);
  }
  return list;
}

/** As it came, since it is percent-encoded; a server that sent plain UTF-8 is helped. */
function messageOf(text: string): string {
  return isValue(text) ? text : percentEncode(utf8.decode(Uint8Array.from(text, (char) => char.charCodeAt(0))));
}

function judge(list: MetadataList, moreBytes: number, { label, maxMetadataBytes }: FieldsContext): CallEnd | undefined {
  let size = moreBytes;
  for (const [name, value] of list) size += name.length + value.length + METADATA_ENTRY_OVERHEAD;
  const isOverCount = list.length > MAX_METADATA_ENTRIES;
  if (size <= maxMetadataBytes && !isOverCount) return undefined;
  const facts = isOverCount
    ? { limit: `${MAX_METADATA_ENTRIES} entries`, size: `${list.length} entries` }
    : { limit: `${maxMetadataBytes} bytes`, size: `${size} bytes` };
  return encodeReasonEnd("METADATA_TOO_LARGE", { ...facts, method: label }, "started");
}

function isName(name: string): boolean {
  const bytes = encoder.encode(name);
  return isMetadataName(bytes, 0, bytes.length);
}

function isValue(value: string): boolean {
  const bytes = encoder.encode(value);
  return isMetadataValue(bytes, 0, bytes.length);
}

/** A field that the router puts into a field of its own; left out if it could not. */
function textOf(fields: FieldList, name: string): string {
  const value = fieldOf(fields, name) ?? "";
  return isValue(value) ? value : "";
}

function fieldOf(fields: FieldList, name: string): string | undefined {
  return fields.find(([key]) => key === name)?.[1];
}
