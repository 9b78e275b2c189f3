// SPDX-License-Identifier: Apache-2.0
import {
  decodeBase64,
  decodeBinaryValue,
  decodeStatusDetails,
  encodeStatusDetails,
  formatTimeout,
  isBinaryNameAt,
  isMetadataName,
  isMetadataValue,
  isReservedName,
  isReservedNameAt,
  parseTimeout,
  percentDecode,
  percentEncode,
  type StatusDetails,
  sizeofBase64,
  writeBase64,
} from "@grpc-router/protocol";
import { judgeResponse, readChannelEnd } from "../../../packages/bridge/src/channel/channel-end.ts";
import { readRequestHeader } from "../../../packages/bridge/src/dispatch/request-header.ts";
import { readDebugData } from "../../../packages/http2/src/frame/goaway.ts";
import { parseContentType } from "../../../packages/runtime/src/forward/content-type.ts";
import { serviceOfRegisterPath } from "../../../packages/runtime/src/registry/register-path.ts";
import { ensure, ensureSame } from "./ensure.ts";
import { checkKeys } from "./key-oracle.ts";
import { contentTypeOf, timeoutOf } from "./request-oracle.ts";

const margin = 3;

/** Every small parser that takes octets of a peer, against a plain second one. */
export function checkParsers(octets: Uint8Array): void {
  const text = Buffer.from(octets).toString("latin1");
  const bytes = new Uint8Array(octets.length + 2 * margin).fill(0x31);
  bytes.set(octets, margin);
  const end = margin + octets.length;
  ensureSame(parseTimeout(bytes, margin, end), timeoutOf(text), "parseTimeout()");
  const parsed = parseContentType(bytes, margin, end);
  ensureSame({ contentType: parsed.contentType, subtype: parsed.subtype }, contentTypeOf(text), "parseContentType()");
  ensureSame(isMetadataName(bytes, margin, end), /^[0-9a-z_.-]+$/.test(text), "isMetadataName()");
  ensureSame(isMetadataValue(bytes, margin, end), /^(?! )[ -~]*$(?<! )/.test(text), "isMetadataValue()");
  ensureSame(isReservedNameAt(bytes, margin, end), isReservedName(text), "isReservedNameAt()");
  ensureSame(isBinaryNameAt(bytes, margin, end), text.endsWith("-bin"), "isBinaryNameAt()");
  ensureSame(readDebugData(bytes, margin, end), text.slice(0, 200).replace(/[^ -~]/g, "?"), "readDebugData()");
  const path = /^\/grpcrouter\.channel\.((?:[A-Za-z0-9_]+\.)*[A-Za-z0-9_]+)Channel\/Register$/.exec(text);
  ensureSame(serviceOfRegisterPath(text), path?.[1], "serviceOfRegisterPath()");
  checkBase64(bytes, margin, end, text);
  checkPercent(text);
  checkDetails(octets);
  checkEnds(text, octets);
  checkKeys(octets);
}

function checkBase64(bytes: Uint8Array, start: number, end: number, text: string): void {
  const decoded = decodeBase64(bytes, start, end);
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  const unpadded = text.replace(/=*$/, "");
  const isWhole = unpadded.length % 4 !== 1 && (unpadded === text || text.length % 4 === 0);
  const expected = isBase64 && isWhole ? new Uint8Array(Buffer.from(unpadded, "base64")) : undefined;
  ensureSame(decoded, expected, "decodeBase64()");
  ensureSame(decodeBinaryValue(text), expected, "decodeBinaryValue()");
  const target = new Uint8Array(sizeofBase64(end - start));
  ensure(writeBase64(target, 0, bytes, start, end) === target.length, "writeBase64() must fill what it needs");
  const written = Buffer.from(target).toString("latin1");
  ensureSame(written, Buffer.from(bytes.subarray(start, end)).toString("base64").replace(/=+$/, ""), "writeBase64()");
}

function checkPercent(text: string): void {
  const octets: number[] = [];
  const source = new TextEncoder().encode(text);
  const plain = Buffer.from(source).toString("latin1");
  for (let at = 0; at < plain.length; at++) {
    const escaped = /^%([0-9a-fA-F]{2})/.exec(plain.slice(at, at + 3));
    octets.push(escaped === null ? plain.charCodeAt(at) : Number.parseInt(escaped[1] ?? "", 16));
    if (escaped !== null) at += 2;
  }
  const expected = text.includes("%")
    ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(octets))
    : text;
  ensureSame(percentDecode(text), expected, "percentDecode()");
  const encoded = percentEncode(text);
  ensure(/^[ -~]*$/.test(encoded), "percentEncode() must write printable ASCII", () => encoded);
  ensureSame(percentDecode(encoded), text, "what percentEncode() wrote must be read back");
}

/** Details of a peer, read and written again, say the same. */
function checkDetails(octets: Uint8Array): void {
  const details = decodeStatusDetails(octets);
  if (details === undefined) return;
  const again = decodeStatusDetails(encodeStatusDetails(details));
  // Texts that are no UTF-8 are read with replacement characters, so that is what is compared.
  ensureSame(rounded(again), rounded(details), "decodeStatusDetails() of what encodeStatusDetails() wrote");
}

function rounded(details: StatusDetails | undefined): unknown {
  return {
    ...details,
    retryAfterMs: details?.retryAfterMs === undefined ? undefined : Math.round(details.retryAfterMs),
  };
}

/** Heads and ends of the bridge's stream, and the header that user code sees: never an exception. */
function checkEnds(text: string, octets: Uint8Array): void {
  for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin", ":status", "content-type"]) {
    const end = readChannelEnd([
      ["grpc-status", "3"],
      [name, text],
    ]);
    ensure(Number.isInteger(end.code) && end.message !== "", "an end must have a code and say something", () => end);
    const alone = readChannelEnd([[name, text]]);
    ensure(Number.isInteger(alone.code) && alone.retryAfterMs >= 0, "an end must have a code", () => alone);
    judgeResponse([[name, text]]);
  }
  const header = readRequestHeader(octets);
  const timeout = header.get("grpc-timeout");
  ensure(timeout === null || timeoutOf(timeout) >= 0, "a deadline must be one", () => timeout);
  const us = octets.reduce((sum, octet) => (sum * 256 + octet) % 2 ** 53, 0);
  ensure(timeoutOf(formatTimeout(us)) >= Math.min(us, 99_999_999 * 3.6e9), "formatTimeout() must not cut", () => us);
}
