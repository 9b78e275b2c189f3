// SPDX-License-Identifier: Apache-2.0

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { copyOf } from "./frame/copy-bytes.js";
import { FieldCursor } from "./frame/field-cursor.js";

/** A google.protobuf.Any inside a status. */
export interface StatusDetail {
  /** Such as "type.googleapis.com/google.rpc.ErrorInfo". */
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** A google.rpc.ErrorInfo: why, in words that programs can read. */
export interface ErrorInfo {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A google.rpc.Status with the details that the router itself writes and reads. */
export interface StatusDetails {
  /** gRPC status code. */
  readonly code: number;
  readonly message: string;
  readonly errorInfo?: ErrorInfo | undefined;
  /** The delay of a google.rpc.RetryInfo, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Details of other types, as they are. */
  readonly others?: readonly StatusDetail[] | undefined;
}

const TYPE_PREFIX = "type.googleapis.com/";
const ERROR_INFO = "google.rpc.ErrorInfo";
const RETRY_INFO = "google.rpc.RetryInfo";
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The bytes of grpc-status-details-bin before base64, and of End.details. */
export function encodeStatusDetails(status: StatusDetails): Uint8Array {
  const writer = new BinaryWriter();
  if (status.code !== 0) writer.tag(1, WireType.Varint).int32(status.code);
  if (status.message !== "") writer.tag(2, WireType.LengthDelimited).string(status.message);
  if (status.errorInfo) writeDetail(writer, TYPE_PREFIX + ERROR_INFO, encodeErrorInfo(status.errorInfo));
  if (status.retryAfterMs !== undefined) {
    writeDetail(writer, TYPE_PREFIX + RETRY_INFO, encodeRetryInfo(status.retryAfterMs));
  }
  for (const other of status.others ?? []) writeDetail(writer, other.typeUrl, other.value);
  return writer.finish();
}

/** Reads what `encodeStatusDetails` or any other implementation wrote; undefined if it is no google.rpc.Status. */
export function decodeStatusDetails(bytes: Uint8Array): StatusDetails | undefined {
  let code = 0;
  let message = "";
  let errorInfo: ErrorInfo | undefined;
  let retryAfterMs: number | undefined;
  const others: StatusDetail[] = [];
  const isRead = readFields(bytes, (number, cursor, value) => {
    if (number === 1) code = cursor.low;
    else if (number === 2) message = decoder.decode(value);
    else if (number === 3) {
      const detail = decodeAny(value);
      const type = detail?.typeUrl.slice(detail.typeUrl.lastIndexOf("/") + 1);
      const info = type === ERROR_INFO && detail ? decodeErrorInfo(detail.value) : undefined;
      const delayMs = type === RETRY_INFO && detail ? decodeRetryInfo(detail.value) : undefined;
      if (info) errorInfo ??= info;
      else if (delayMs !== undefined) retryAfterMs ??= delayMs;
      else if (detail) others.push(detail);
    }
  });
  return isRead ? { code, message, errorInfo, retryAfterMs, others } : undefined;
}

function writeDetail(writer: BinaryWriter, typeUrl: string, value: Uint8Array): void {
  writer.tag(3, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(typeUrl).tag(2, WireType.LengthDelimited).bytes(value).join();
}

function encodeErrorInfo(info: ErrorInfo): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.LengthDelimited).string(info.reason).tag(2, WireType.LengthDelimited).string(info.domain);
  for (const [key, value] of Object.entries(info.metadata)) {
    writer.tag(3, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value).join();
  }
  return writer.finish();
}

function encodeRetryInfo(delayMs: number): Uint8Array {
  const seconds = Math.floor(delayMs / 1000);
  const nanos = Math.round((delayMs - seconds * 1000) * 1_000_000);
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).fork();
  if (seconds !== 0) writer.tag(1, WireType.Varint).int64(seconds);
  if (nanos !== 0) writer.tag(2, WireType.Varint).int32(nanos);
  return writer.join().finish();
}

function decodeAny(bytes: Uint8Array): StatusDetail | undefined {
  let typeUrl = "";
  let content = bytes.subarray(0, 0);
  const isRead = readFields(bytes, (number, _cursor, value) => {
    if (number === 1) typeUrl = decoder.decode(value);
    else if (number === 2) content = copyOf(value, 0, value.length);
  });
  return isRead ? { typeUrl, value: content } : undefined;
}

function decodeErrorInfo(bytes: Uint8Array): ErrorInfo | undefined {
  let reason = "";
  let domain = "";
  // A map and not an object while names come in, as they are the peer's: "__proto__" is one.
  const metadata = new Map<string, string>();
  const isRead = readFields(bytes, (number, _cursor, value) => {
    if (number === 1) reason = decoder.decode(value);
    else if (number === 2) domain = decoder.decode(value);
    else if (number === 3) {
      let key = "";
      let text = "";
      readFields(value, (inner, _entry, part) => {
        if (inner === 1) key = decoder.decode(part);
        else if (inner === 2) text = decoder.decode(part);
      });
      metadata.set(key, text);
    }
  });
  return isRead ? { reason, domain, metadata: Object.fromEntries(metadata) } : undefined;
}

function decodeRetryInfo(bytes: Uint8Array): number | undefined {
  let seconds = 0;
  let nanos = 0;
  const isRead = readFields(bytes, (number, _cursor, value) => {
    if (number !== 1) return;
    readFields(value, (inner, duration) => {
      if (inner === 1) seconds = duration.uint64();
      else if (inner === 2) nanos = duration.low;
    });
  });
  return isRead ? seconds * 1000 + nanos / 1_000_000 : undefined;
}

/** Hands each field to `take`, with its bytes if it has any; false if `bytes` is no message. */
function readFields(
  bytes: Uint8Array,
  take: (number: number, cursor: FieldCursor, value: Uint8Array) => void,
): boolean {
  const cursor = new FieldCursor();
  cursor.reset(bytes, 0, bytes.length);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0) return false;
    const hasBytes = cursor.wireType === WireType.LengthDelimited;
    take(number, cursor, hasBytes ? bytes.subarray(cursor.valueStart, cursor.valueEnd) : bytes.subarray(0, 0));
  }
  return true;
}
