// SPDX-License-Identifier: Apache-2.0

import { createHeaderTemplate, type HeaderTemplate, sizeofLiteralField, writeLiteralField } from "@grpc-router/http2";
import {
  formatTimeout,
  isMetadataName,
  isMetadataValue,
  isReservedNameAt,
  MetadataCursor,
  readStart,
  START_METADATA_NUMBER,
  StartView,
} from "@grpc-router/protocol";

/** The fields of all calls of one method. */
export interface RequestTemplates {
  readonly proto: HeaderTemplate;
  /** Without a content-type, for calls of another subtype. */
  readonly other: HeaderTemplate;
}

const encoder = new TextEncoder();
const NAMES = {
  contentType: encoder.encode("content-type"),
  timeout: encoder.encode("grpc-timeout"),
  encoding: encoder.encode("grpc-encoding"),
  acceptEncoding: encoder.encode("grpc-accept-encoding"),
  attempts: encoder.encode("grpc-previous-rpc-attempts"),
};
const CONTENT_TYPE = "application/grpc";

type Field = readonly [name: Uint8Array, value: Uint8Array];

/** Templates for the calls of `path` at `url`, `http://host:port`. */
export function createRequestTemplates(url: string, path: string): RequestTemplates {
  const [scheme = "http", authority = ""] = url.split("://");
  const fields: [string, string][] = [
    [":method", "POST"],
    [":scheme", scheme],
    [":path", path],
    [":authority", authority.replace(/\/.*$/, "")],
    ["te", "trailers"],
  ];
  return {
    proto: createHeaderTemplate([...fields, ["content-type", CONTENT_TYPE]]),
    other: createHeaderTemplate(fields),
  };
}

/** The head of one call: its template, and its own fields as literals. `start` is an encoded CallStart. */
export interface RequestHead {
  readonly template: HeaderTemplate;
  readonly literals: Uint8Array;
}

/** Makes the head of a call that has `timeLeftMs`; Infinity: no deadline. */
export function createRequestHead(templates: RequestTemplates, start: Uint8Array, timeLeftMs: number): RequestHead {
  const view = new StartView();
  readStart(start, 0, start.length, view);
  const subtype = start.subarray(view.subtypeStart, view.subtypeEnd);
  const fields: Field[] = [];
  if (timeLeftMs !== Number.POSITIVE_INFINITY) {
    fields.push([NAMES.timeout, encoder.encode(formatTimeout(Math.max(1, Math.ceil(timeLeftMs * 1000))))]);
  }
  if (subtype.length > 0) {
    const type = encoder.encode(`${CONTENT_TYPE}+`);
    const value = new Uint8Array(type.length + subtype.length);
    value.set(type);
    value.set(subtype, type.length);
    addIfSendable(fields, NAMES.contentType, value);
  }
  addText(fields, NAMES.encoding, start.subarray(view.encodingStart, view.encodingEnd));
  addText(fields, NAMES.acceptEncoding, start.subarray(view.acceptEncodingStart, view.acceptEncodingEnd));
  if (view.attempt > 0) fields.push([NAMES.attempts, encoder.encode(String(view.attempt))]);
  addMetadata(fields, start);
  return { template: subtype.length > 0 ? templates.other : templates.proto, literals: encodeLiterals(fields) };
}

function addText(fields: Field[], name: Uint8Array, value: Uint8Array): void {
  if (value.length > 0) addIfSendable(fields, name, value);
}

/** The router checks entries; a wrong one would cost all calls of the connection, so it is not sent. */
function addMetadata(fields: Field[], start: Uint8Array): void {
  const entries = new MetadataCursor();
  entries.reset(start, 0, start.length, START_METADATA_NUMBER);
  while (entries.next()) {
    const { nameStart, nameEnd, valueStart, valueEnd } = entries;
    if (!isMetadataName(start, nameStart, nameEnd) || isReservedNameAt(start, nameStart, nameEnd)) continue;
    addIfSendable(fields, start.subarray(nameStart, nameEnd), start.subarray(valueStart, valueEnd));
  }
}

function addIfSendable(fields: Field[], name: Uint8Array, value: Uint8Array): void {
  if (isMetadataValue(value, 0, value.length)) fields.push([name, value]);
}

function encodeLiterals(fields: readonly Field[]): Uint8Array {
  const size = fields.reduce((sum, [name, value]) => sum + sizeofLiteralField(name.length, value.length), 0);
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const [name, value] of fields) offset = writeLiteralField(bytes, offset, name, value);
  return bytes.subarray(0, offset);
}
