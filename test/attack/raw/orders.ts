// SPDX-License-Identifier: Apache-2.0
import {
  ascii,
  joinBytes,
  type RawField,
  rawHeaders,
  rawLiterals,
  requestFields,
} from "@grpc-router/testing/raw-http2";

/** Paths that every target answers (test/faults, test/bench). */
export const Path = {
  /** Answers with the payload. */
  echo: "/bench.v1.EchoService/Echo",
  /** Does what its order says, once. */
  run: "/faults.v1.FaultService/Run",
  /** Sends as many reports as its order says. */
  watch: "/faults.v1.FaultService/Watch",
  /** Reads all orders, then reports. */
  collect: "/faults.v1.FaultService/Collect",
  /** Reports for each order. */
  converse: "/faults.v1.FaultService/Converse",
} as const;

/** Id of the instance behind every target; an order that names it is held until it is cancelled. */
export const instanceId = "attacked";

/** An order to hold the call until it is cancelled (faults.v1.Order without prefix). */
export const holdOrder: Uint8Array = textField(2, instanceId);

/** An order for `reports` messages of `reportBytes` octets. */
export function watchOrder(reports: number, reportBytes: number): Uint8Array {
  return joinBytes(numberField(3, reports), numberField(4, reportBytes));
}

/** An order, or a request of the echo service at `number` 1, that carries `size` octets. */
export function payloadField(number: number, size: number): Uint8Array {
  return joinBytes([(number << 3) | 2], varint(size), new Uint8Array(size));
}

/** HEADERS of a gRPC request, literals only, so that no block depends on another; the stream stays open. */
export function requestHeaders(
  streamId: number,
  path: string,
  { fields = [], endStream = false }: { readonly fields?: readonly RawField[]; readonly endStream?: boolean } = {},
): Uint8Array {
  return rawHeaders(streamId, requestBlock(path, fields), endStream);
}

/** The block of a gRPC request, literals only. */
export function requestBlock(path: string, fields: readonly RawField[] = []): Uint8Array {
  return rawLiterals(requestFields(path, fields));
}

function textField(number: number, text: string): Uint8Array {
  return joinBytes([(number << 3) | 2], varint(text.length), ascii(text));
}

function numberField(number: number, value: number): Uint8Array {
  return joinBytes([number << 3], varint(value));
}

function varint(value: number): readonly number[] {
  const octets: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push(128 + (rest % 128));
  return [...octets, rest];
}
