// SPDX-License-Identifier: Apache-2.0

/** Names that belong to one hop or to gRPC itself, and so may not be in a metadata list (docs/channel.md section 4). */
export const RESERVED_NAMES: readonly string[] = [
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "te",
  "host",
  "content-type",
  "content-length",
  "grpc-timeout",
  "grpc-encoding",
  "grpc-accept-encoding",
  "grpc-status",
  "grpc-message",
  "grpc-status-details-bin",
  "grpc-previous-rpc-attempts",
];

const SPACE = 0x20;
const TILDE = 0x7e;
const COLON = 0x3a;
const BINARY_SUFFIX = [0x2d, 0x62, 0x69, 0x6e] as const;
const reserved: ReadonlySet<string> = new Set(RESERVED_NAMES);
const reservedBySize: readonly (readonly Uint8Array[])[] = bySize(RESERVED_NAMES);
const isNameOctet: Uint8Array = markNameOctets();

/** Whether a metadata list may not hold this name: pseudo fields, fields of one hop, fields with a place of their own. */
export function isReservedName(name: string): boolean {
  return name.startsWith(":") || reserved.has(name);
}

/** `isReservedName` for the name `bytes[start, end)`. */
export function isReservedNameAt(bytes: Uint8Array, start: number, end: number): boolean {
  if (end > start && bytes[start] === COLON) return true;
  const candidates = reservedBySize[end - start];
  return candidates?.some((candidate) => isEqualAt(bytes, start, candidate)) === true;
}

/** Whether `bytes[start, end)` is a metadata name: one or more of 0-9 a-z _ - . (gRPC over HTTP/2, "Custom-Metadata"). */
export function isMetadataName(bytes: Uint8Array, start: number, end: number): boolean {
  for (let offset = start; offset < end; offset++) {
    if (isNameOctet[bytes[offset] as number] === 0) return false;
  }
  return end > start;
}

/**
 * Whether `bytes[start, end)` is a metadata value: 0x20 to 0x7E only (gRPC over HTTP/2, "ASCII-Value"), no space at
 * either end (RFC 9113 section 8.2.1). May be empty.
 */
export function isMetadataValue(bytes: Uint8Array, start: number, end: number): boolean {
  for (let offset = start; offset < end; offset++) {
    const octet = bytes[offset] as number;
    if (octet < SPACE || octet > TILDE) return false;
  }
  return start === end || (bytes[start] !== SPACE && bytes[end - 1] !== SPACE);
}

/** Whether fields of this name hold octets as base64: it ends in "-bin". */
export function isBinaryName(name: string): boolean {
  return name.endsWith("-bin");
}

/** `isBinaryName` for the name `bytes[start, end)`. */
export function isBinaryNameAt(bytes: Uint8Array, start: number, end: number): boolean {
  const suffix = end - BINARY_SUFFIX.length;
  return suffix >= start && BINARY_SUFFIX.every((octet, index) => bytes[suffix + index] === octet);
}

function bySize(names: readonly string[]): Uint8Array[][] {
  const longest = names.reduce((size, name) => Math.max(size, name.length), 0);
  const encoder = new TextEncoder();
  return Array.from({ length: longest + 1 }, (_, size) =>
    names.filter((name) => name.length === size).map((name) => encoder.encode(name)),
  );
}

function markNameOctets(): Uint8Array {
  const marks = new Uint8Array(256);
  for (const letter of "0123456789abcdefghijklmnopqrstuvwxyz_-.") marks[letter.charCodeAt(0)] = 1;
  return marks;
}

function isEqualAt(bytes: Uint8Array, start: number, other: Uint8Array): boolean {
  for (let index = 0; index < other.length; index++) {
    if (bytes[start + index] !== other[index]) return false;
  }
  return true;
}
