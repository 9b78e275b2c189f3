// SPDX-License-Identifier: Apache-2.0
// Control frames are few, so they go through the general encoder and decoder.

import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  CallSchema,
  type InstanceControl,
  InstanceControlSchema,
  ReplySchema,
  type RouterControl,
  RouterControlSchema,
} from "../gen/grpcrouter/v1/channel_pb.js";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "../message-prefix.js";
import { copyBytes, copyOf } from "./copy-bytes.js";

/** A whole frame, gRPC prefix included, with what the router says about the channel. */
export function encodeRouterControl(control: MessageInitShape<typeof RouterControlSchema>): Uint8Array {
  return withPrefix(toBinary(CallSchema, create(CallSchema, { head: { control } })));
}

/** A whole frame, gRPC prefix included, with what the instance says about the channel. */
export function encodeInstanceControl(control: MessageInitShape<typeof InstanceControlSchema>): Uint8Array {
  return withPrefix(toBinary(ReplySchema, create(ReplySchema, { head: { control } })));
}

/**
 * Decodes the control of a `CallHeadView`; undefined if it is malformed. A kind that is not known here shows as
 * `kind.case` undefined: close the channel if it is `critical` (CONTROL_UNKNOWN), else skip it.
 */
export function decodeRouterControl(bytes: Uint8Array, start: number, end: number): RouterControl | undefined {
  return decode(RouterControlSchema, bytes, start, end);
}

/** Decodes the control of a `ReplyHeadView`, as `decodeRouterControl` does. */
export function decodeInstanceControl(bytes: Uint8Array, start: number, end: number): InstanceControl | undefined {
  return decode(InstanceControlSchema, bytes, start, end);
}

function decode<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  start: number,
  end: number,
): MessageShape<Desc> | undefined {
  try {
    // A copy, because bytes fields of the message would point into a buffer that is read into again.
    return fromBinary(schema, copyOf(bytes, start, end));
  } catch {
    return undefined;
  }
}

function withPrefix(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(MESSAGE_PREFIX_BYTES + message.length);
  copyBytes(message, 0, message.length, frame, writeMessagePrefix(frame, 0, false, message.length));
  return frame;
}
