// SPDX-License-Identifier: Apache-2.0

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { MESSAGE_PREFIX_BYTES, writeMessagePrefix } from "@grpc-router/protocol";
import { createRequestTemplates, type RequestHead } from "./request-head.js";

/** How the target is asked: once for all, or again and again. */
export type HealthVerb = "Watch" | "Check";

const NO_LITERALS = new Uint8Array(0);

/** The head of a call of grpc.health.v1 at `url`. */
export function healthHead(url: string, verb: HealthVerb): RequestHead {
  return { template: createRequestTemplates(url, `/grpc.health.v1.Health/${verb}`).proto, literals: NO_LITERALS };
}

/** A grpc.health.v1.HealthCheckRequest for `name`, with its prefix. */
export function encodeHealthRequest(name: string): Uint8Array {
  const writer = new BinaryWriter();
  if (name !== "") writer.tag(1, WireType.LengthDelimited).string(name);
  const message = writer.finish();
  const bytes = new Uint8Array(MESSAGE_PREFIX_BYTES + message.length);
  bytes.set(message, writeMessagePrefix(bytes, 0, false, message.length));
  return bytes;
}
