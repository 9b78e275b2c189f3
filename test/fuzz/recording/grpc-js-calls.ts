// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { createGrpcJsClient } from "../../clients/grpc-js-client.ts";
import {
  SimpleRequestSchema,
  StreamingInputCallRequestSchema,
  StreamingOutputCallRequestSchema,
} from "../../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../../interop/gen/grpc/testing/test_pb.ts";

/** A call of each kind with grpc-js, one with metadata, one with a deadline that passes, one that is cancelled. */
export async function callWithGrpcJs(address: string): Promise<void> {
  const { call, start, close } = createGrpcJsClient(address);
  const { unaryCall, streamingInputCall, streamingOutputCall, fullDuplexCall } = TestService.method;
  const metadata = new grpc.Metadata();
  metadata.add("x-a", "1");
  metadata.add("x-a", "2");
  metadata.add("x-b-bin", Buffer.from([0, 1, 255]));
  const input = create(StreamingInputCallRequestSchema, { payload: { body: new Uint8Array(20) } });
  const output = create(StreamingOutputCallRequestSchema, { responseParameters: [{ size: 10 }, { size: 300 }] });
  await call(unaryCall, [create(SimpleRequestSchema, { responseSize: 40 })], { metadata });
  await call(streamingOutputCall, [output]);
  await call(streamingInputCall, [input, input]);
  await call(fullDuplexCall, [output, output]);
  await call(fullDuplexCall, [], { options: { deadline: Date.now() + 1 } });
  const { stream, outcome } = start(fullDuplexCall);
  stream.cancel();
  await outcome;
  close();
}
