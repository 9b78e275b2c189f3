// SPDX-License-Identifier: Apache-2.0
// Typed frames as a generator would make them, for any method number, and what the general encoder says of them: the
// oracle that the frame codec is measured by.

import { create, createFileRegistry, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import {
  type CallHead,
  CallHeadSchema,
  FragmentSchema,
  file_grpcrouter_v1_channel,
  type ReplyHead,
} from "../gen/grpcrouter/v1/channel_pb.js";
import { writeMessagePrefix } from "../message-prefix.js";

/** What a frame carries beside its head. */
export type Payload =
  | { readonly kind: "none" }
  | { readonly kind: "member"; readonly number: number; readonly message: Uint8Array }
  | { readonly kind: "fragment"; readonly remaining: number; readonly compressed: boolean; readonly data: Uint8Array };

/** A member's message of `size` octets, 0 or 2 and more, as the general encoder writes it. */
export function memberOfSize(size: number): Uint8Array {
  const { member } = frameTypes(8);
  for (const flag of [false, true]) {
    for (let dataSize = Math.max(size - 6, 0); dataSize < Math.max(size, 1); dataSize++) {
      const message = toBinary(member, createAny(member, { data: new Uint8Array(dataSize).fill(0x61), flag }));
      if (message.length === size) return message;
    }
  }
  throw new RangeError(`Cannot make a member: size must be 0 or 2 and more, received ${size}`);
}

/** A typed frame as the general encoder writes it, gRPC prefix included. */
export function encodeReference(head: CallHead | ReplyHead, payload: Payload): Uint8Array {
  const types = frameTypes("number" in payload ? payload.number : 8);
  const isCall = head.$typeName === CallHeadSchema.typeName;
  const type = isCall ? types.call : types.reply;
  const body = toBinary(
    type,
    createAny(type, { head, [isCall ? "request" : "response"]: oneof(types.member, payload) }),
  );
  const bytes = new Uint8Array(5 + body.length);
  bytes.set(body, writeMessagePrefix(bytes, 0, false, body.length));
  return bytes;
}

function oneof(member: DescMessage, payload: Payload): object {
  switch (payload.kind) {
    case "none":
      return { case: undefined };
    case "member":
      return { case: "member", value: fromBinary(member, payload.message) };
    case "fragment": {
      const { remaining, compressed, data } = payload;
      return { case: "fragment", value: create(FragmentSchema, { remaining, compressed, data }) };
    }
  }
}

/** `create` for a type that is only known at run time. */
function createAny(type: DescMessage, fields: Record<string, unknown>): Message {
  return Object.assign(create(type), fields);
}

interface FrameTypes {
  readonly call: DescMessage;
  readonly reply: DescMessage;
  readonly member: DescMessage;
}

const cache = new Map<number, FrameTypes>();

function frameTypes(number: number): FrameTypes {
  const known = cache.get(number);
  if (known) return known;
  const registry = createFileRegistry(frameFile(number), () => file_grpcrouter_v1_channel);
  const typeOf = (name: string): DescMessage => {
    const type = registry.getMessage(`test.${name}`);
    if (type === undefined) throw new Error(`Cannot find test.${name}`);
    return type;
  };
  const types = { call: typeOf("Call"), reply: typeOf("Reply"), member: typeOf("Member") };
  cache.set(number, types);
  return types;
}

function frameFile(number: number): FileDescriptorProto {
  const { MESSAGE, BYTES, BOOL } = FieldDescriptorProto_Type;
  const label = FieldDescriptorProto_Label.OPTIONAL;
  const frame = (name: string, head: string, oneofName: string) => ({
    name,
    oneofDecl: [{ name: oneofName }],
    field: [
      { name: "head", number: 1, label, type: MESSAGE, typeName: `.grpcrouter.v1.${head}` },
      { name: "fragment", number: 2, label, type: MESSAGE, typeName: ".grpcrouter.v1.Fragment", oneofIndex: 0 },
      { name: "member", number, label, type: MESSAGE, typeName: ".test.Member", oneofIndex: 0 },
    ],
  });
  return create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax: "proto3",
    dependency: ["grpcrouter/v1/channel.proto"],
    messageType: [
      frame("Call", "CallHead", "request"),
      frame("Reply", "ReplyHead", "response"),
      {
        name: "Member",
        field: [
          { name: "data", number: 1, label, type: BYTES },
          { name: "more", number: 2, label, type: BYTES },
          { name: "flag", number: 3, label, type: BOOL },
        ],
      },
    ],
  });
}
