// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import { StatusCode } from "@grpc-router/protocol";
import type { LocalCall, LocalCallHandler } from "./local-service.js";

/** What happens with the one request of a call. */
export interface SingleRequestOptions<Schema extends DescMessage> {
  readonly schema: Schema;
  /** The request is whole: answer it. */
  onRequest(request: MessageShape<Schema>): void;
  /** The caller has gone. Default: nothing to do. */
  onCancel?(): void;
  /** As `LocalCallHandler.onTaken`. Default: nothing to do. */
  onTaken?(): void;
}

/**
 * The handler of a method that takes exactly one message, answered at the half close. None, or a second one, ends the
 * call with UNIMPLEMENTED, gRPC's rule of cardinality; bytes that are no such message with INTERNAL.
 */
export function singleRequest<Schema extends DescMessage>(
  call: LocalCall,
  options: SingleRequestOptions<Schema>,
): LocalCallHandler {
  let request: MessageShape<Schema> | undefined;
  return {
    onMessage(message) {
      if (request !== undefined)
        return call.end(StatusCode.unimplemented, "one request message expected, received more");
      request = decodeRequest(call, options.schema, message);
    },
    onHalfClose() {
      if (request === undefined)
        return call.end(StatusCode.unimplemented, "one request message expected, received none");
      options.onRequest(request);
    },
    onCancel: () => options.onCancel?.(),
    onTaken: () => options.onTaken?.(),
  };
}

/** Decodes a request; if that fails the call is ended with INTERNAL and the answer is undefined. */
export function decodeRequest<Schema extends DescMessage>(
  call: LocalCall,
  schema: Schema,
  message: Uint8Array,
): MessageShape<Schema> | undefined {
  try {
    return fromBinary(schema, message);
  } catch {
    // What was wrong inside is of no use to a caller whose encoder is broken.
    call.end(StatusCode.internal, `request must be a serialized ${schema.typeName}`);
    return undefined;
  }
}
