// SPDX-License-Identifier: Apache-2.0

import { create, toBinary } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import {
  encodeStatusDetails,
  isStatusCode,
  type MetadataEntry,
  StatusCode,
  type StatusDetail,
} from "@grpc-router/protocol";
import { type CallEnd, encodeEnd } from "../channel/call-end.js";

/** What callers are told of an error that was not meant for them. */
export const INTERNAL_ERROR = { code: StatusCode.unknown, message: "internal error" } as const;

/** The End of a `ConnectError`: its code, its message without the code's name, and its details as a google.rpc.Status. */
export function encodeErrorEnd(error: ConnectError, trailers: MetadataEntry[]): CallEnd {
  // Typed as one of Connect's sixteen, but nothing checks what a handler passes.
  const given: number = error.code;
  const code = isStatusCode(given) && given !== StatusCode.ok ? given : StatusCode.unknown;
  const message = error.rawMessage;
  if (error.details.length === 0) return encodeEnd({ code, message, trailers });
  const others = error.details.map(toStatusDetail);
  return encodeEnd({ code, message, trailers, details: encodeStatusDetails({ code, message, others }) });
}

function toStatusDetail(detail: ConnectError["details"][number]): StatusDetail {
  if (!("desc" in detail)) return { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value };
  const value = toBinary(detail.desc, create(detail.desc, detail.value));
  return { typeUrl: `type.googleapis.com/${detail.desc.typeName}`, value };
}
