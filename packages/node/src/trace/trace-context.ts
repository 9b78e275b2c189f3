// SPDX-License-Identifier: Apache-2.0

/** Where a span stands, as peers tell each other. */
export interface TraceContext {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all 0. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Reads a `traceparent` (W3C Trace Context, section 3.2); undefined for one that must be ignored. */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [, version, traceId, spanId, flags, more] = form.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Version 255 is none, and version 0 has four parts; later ones may have more.
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function writeTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`;
}

const size = 29;
const traceIdField = 0;
const spanIdField = 1;
const flagsField = 2;

/**
 * Reads a `grpc-trace-bin` (OpenCensus' binary format: version 0, then numbered fields: trace id, span id, options);
 * undefined for one that must be ignored.
 */
export function parseGrpcTraceBin(bytes: Uint8Array): TraceContext | undefined {
  if (bytes.length < size || bytes[0] !== 0) return undefined;
  if (bytes[1] !== traceIdField || bytes[18] !== spanIdField || bytes[27] !== flagsField) return undefined;
  const traceId = toHex(bytes.subarray(2, 18));
  const spanId = toHex(bytes.subarray(19, 27));
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: ((bytes[28] ?? 0) & 1) === 1 };
}

export function writeGrpcTraceBin({ traceId, spanId, sampled }: TraceContext): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(Buffer.from(traceId, "hex"), 2);
  bytes[18] = spanIdField;
  bytes.set(Buffer.from(spanId, "hex"), 19);
  bytes[27] = flagsField;
  bytes[28] = sampled ? 1 : 0;
  return bytes;
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
