// SPDX-License-Identifier: Apache-2.0
import { FieldCursor, WireType } from "@grpc-router/protocol";

/** A message by the numbers of its fields: bytes of those with a length, numbers of the others. */
type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

/** A span as a collector reads it; what is the default is not there. */
export interface ReadSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: bigint;
  readonly startNanos: bigint;
  readonly endNanos: bigint;
  readonly attributes: readonly (readonly [name: string, value: string | bigint | boolean])[];
  readonly status: { readonly message: string; readonly code: bigint };
  readonly flags: bigint;
}

/** An ExportTraceServiceRequest of one resource and one scope. */
export function readRequest(request: Uint8Array): {
  readonly resource: ReadSpan["attributes"];
  readonly scope: readonly [name: string, version: string];
  readonly spans: readonly ReadSpan[];
} {
  const resourceSpans = readFields(only(readFields(request), 1));
  const scopeSpans = readFields(only(resourceSpans, 2));
  const scope = readFields(only(scopeSpans, 1));
  return {
    resource: attributesOf(readFields(only(resourceSpans, 1)), 1),
    scope: [textOf(scope, 1), textOf(scope, 2)],
    spans: (scopeSpans.get(2) ?? []).map((span) => readSpan(readFields(span))),
  };
}

function readSpan(span: Fields): ReadSpan {
  const status = readFields(bytesOf(span, 15));
  return {
    traceId: hexOf(span, 1),
    spanId: hexOf(span, 2),
    traceState: textOf(span, 3),
    parentSpanId: hexOf(span, 4),
    name: textOf(span, 5),
    kind: numberOf(span, 6),
    startNanos: numberOf(span, 7),
    endNanos: numberOf(span, 8),
    attributes: attributesOf(span, 9),
    status: { message: textOf(status, 2), code: numberOf(status, 3) },
    flags: numberOf(span, 16),
  };
}

function attributesOf(message: Fields, number: number): ReadSpan["attributes"] {
  return (message.get(number) ?? []).map((one) => {
    const attribute = readFields(one);
    const value = readFields(bytesOf(attribute, 2));
    const name = textOf(attribute, 1);
    if (value.has(1)) return [name, textOf(value, 1)];
    return value.has(2) ? [name, numberOf(value, 2) === 1n] : [name, numberOf(value, 3)];
  });
}

function readFields(bytes: Uint8Array | bigint): Fields {
  if (typeof bytes === "bigint") throw new Error(`Cannot read a message: it must be bytes, received ${bytes}`);
  const cursor = new FieldCursor();
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  cursor.reset(bytes, 0, bytes.length);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    if (number < 0) throw new Error(`Cannot read a message: it is malformed before octet ${cursor.offset}`);
    const list = fields.get(number) ?? [];
    list.push(readValue(cursor));
    fields.set(number, list);
  }
  return fields;
}

function readValue(cursor: FieldCursor): Uint8Array | bigint {
  const { bytes, offset, wireType } = cursor;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (wireType === WireType.length) return bytes.subarray(cursor.valueStart, cursor.valueEnd);
  if (wireType === WireType.fixed64) return view.getBigUint64(offset - 8, true);
  return BigInt(wireType === WireType.fixed32 ? view.getUint32(offset - 4, true) : cursor.uint64());
}

function only(message: Fields, number: number): Uint8Array {
  const list = message.get(number) ?? [];
  const [value] = list;
  if (list.length !== 1 || !(value instanceof Uint8Array))
    throw new Error(`Cannot read field ${number}: there must be one`);
  return value;
}

function bytesOf(message: Fields, number: number): Uint8Array {
  const value = message.get(number)?.at(-1);
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

function numberOf(message: Fields, number: number): bigint {
  const value = message.get(number)?.at(-1);
  return typeof value === "bigint" ? value : 0n;
}

const textOf = (message: Fields, number: number): string => new TextDecoder().decode(bytesOf(message, number));
const hexOf = (message: Fields, number: number): string => Buffer.from(bytesOf(message, number)).toString("hex");
