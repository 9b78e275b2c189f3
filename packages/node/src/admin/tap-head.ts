// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import { isSecretName } from "@grpc-router/http2";
import type { WatchedCall } from "@grpc-router/runtime";
import { type TapHead, TapHeadSchema } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { TAP_FIELDS, TAP_VALUE_CHARS } from "../limits.js";

/** The head of a call, without what may be secret. */
export function headOf(call: WatchedCall): TapHead {
  const metadata = call
    .allMetadata()
    .slice(0, TAP_FIELDS)
    .map(([name, value]) => ({ name, value: shownValue(name, value) }));
  return create(TapHeadSchema, { method: call.path.replace(/^\//, ""), peerAddress: call.peerAddress, metadata });
}

/** The room its texts take, in octets or so. */
export function sizeOfHead({ method, peerAddress, metadata }: TapHead): number {
  return metadata.reduce(
    (sum, { name, value }) => sum + name.length + value.length,
    method.length + peerAddress.length,
  );
}

function shownValue(name: string, value: string): string {
  if (isSecretName(name)) return `(${octetsOf(name, value)} octets)`;
  return value.length <= TAP_VALUE_CHARS ? value : `${value.slice(0, TAP_VALUE_CHARS)}… (${value.length} octets)`;
}

/** Binary values stand in base64. */
function octetsOf(name: string, value: string): number {
  return name.endsWith("-bin") ? Buffer.byteLength(value, "base64") : value.length;
}
