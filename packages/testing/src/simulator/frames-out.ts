// SPDX-License-Identifier: Apache-2.0
// Frames as the general encoder of protobuf writes them: for peers that share nothing with bridge and router.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type CallHeadSchema, CallSchema, type ReplyHeadSchema, ReplySchema } from "@grpc-router/protocol";
import { joinBytes } from "../raw-http2/raw-frame.js";

/** A message in a frame: as the member of a number, or a slice of it. */
export interface FramePayload {
  readonly member?: readonly [number: number, message: Uint8Array];
  readonly fragment?: { readonly remaining?: number; readonly compressed?: boolean; readonly data?: Uint8Array };
}

/** A frame of an instance, without its gRPC prefix. */
export function replyFrame(head: MessageInitShape<typeof ReplyHeadSchema>, payload: FramePayload = {}): Uint8Array {
  const { fragment } = payload;
  const response = fragment === undefined ? {} : { response: { case: "fragment" as const, value: fragment } };
  return withMember(toBinary(ReplySchema, create(ReplySchema, { head, ...response })), payload);
}

/** A frame of a router, without its gRPC prefix. */
export function callFrame(head: MessageInitShape<typeof CallHeadSchema>, payload: FramePayload = {}): Uint8Array {
  const { fragment } = payload;
  const request = fragment === undefined ? {} : { request: { case: "fragment" as const, value: fragment } };
  return withMember(toBinary(CallSchema, create(CallSchema, { head, ...request })), payload);
}

function withMember(frame: Uint8Array, { member }: FramePayload): Uint8Array {
  if (member === undefined) return frame;
  const [number, message] = member;
  return joinBytes(frame, new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(message).finish());
}
