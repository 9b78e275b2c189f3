// SPDX-License-Identifier: Apache-2.0
// An ordinary grpc-js server of TestService: `node grpc-js-server.ts`. It knows nothing of routers. Prints `ready PORT`.
import { setTimeout as sleep } from "node:timers/promises";
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import type {
  EchoStatus,
  EmptySchema,
  SimpleRequest,
  SimpleResponseSchema,
  StreamingInputCallRequest,
  StreamingInputCallResponseSchema,
  StreamingOutputCallRequest,
  StreamingOutputCallResponseSchema,
} from "../../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../../interop/gen/grpc/testing/test_pb.ts";

const INITIAL = "x-grpc-test-echo-initial";
const TRAILING = "x-grpc-test-echo-trailing-bin";
type Unary<I, O extends DescMessage> = grpc.ServerUnaryCall<I, MessageInitShape<O>>;
type Output = MessageInitShape<typeof StreamingOutputCallResponseSchema>;

const handlers = {
  EmptyCall(call: Unary<object, typeof EmptySchema>, done: grpc.sendUnaryData<MessageInitShape<typeof EmptySchema>>) {
    done(null, {}, echo(call));
  },

  UnaryCall(
    call: Unary<SimpleRequest, typeof SimpleResponseSchema>,
    done: grpc.sendUnaryData<MessageInitShape<typeof SimpleResponseSchema>>,
  ) {
    const trailers = echo(call);
    const error = errorOf(call.request.responseStatus);
    if (error !== undefined) done({ ...error, metadata: trailers });
    else done(null, { payload: { body: new Uint8Array(call.request.responseSize) } }, trailers);
  },

  async StreamingOutputCall(call: grpc.ServerWritableStream<StreamingOutputCallRequest, Output>) {
    const trailers = echo(call);
    await answer(call, call.request);
    call.end(trailers);
  },

  StreamingInputCall(
    call: grpc.ServerReadableStream<StreamingInputCallRequest, object>,
    done: grpc.sendUnaryData<MessageInitShape<typeof StreamingInputCallResponseSchema>>,
  ) {
    const trailers = echo(call);
    let aggregatedPayloadSize = 0;
    call.on("data", ({ payload }: StreamingInputCallRequest) => {
      aggregatedPayloadSize += payload?.body.length ?? 0;
    });
    call.on("end", () => done(null, { aggregatedPayloadSize }, trailers));
  },

  async FullDuplexCall(call: grpc.ServerDuplexStream<StreamingOutputCallRequest, Output>) {
    const trailers = echo(call);
    call.on("error", () => {}); // cancelled
    try {
      for await (const request of call as AsyncIterable<StreamingOutputCallRequest>) {
        const error = errorOf(request.responseStatus);
        if (error !== undefined) {
          call.emit("error", { ...error, metadata: trailers });
          return;
        }
        await answer(call, request);
      }
    } catch {
      return; // cancelled
    }
    call.end(trailers);
  },
};

async function answer(
  call: { write(message: Output): boolean; readonly cancelled: boolean },
  request: StreamingOutputCallRequest,
): Promise<void> {
  for (const { size, intervalUs } of request.responseParameters) {
    if (intervalUs > 0) await sleep(intervalUs / 1000);
    if (call.cancelled) return;
    call.write({ payload: { body: new Uint8Array(size) } });
  }
}

/** Sends the one key back as a header; the other is for the trailers. */
function echo(call: { readonly metadata: grpc.Metadata; sendMetadata(metadata: grpc.Metadata): void }): grpc.Metadata {
  const header = new grpc.Metadata();
  const trailers = new grpc.Metadata();
  for (const value of call.metadata.get(INITIAL)) header.add(INITIAL, value);
  for (const value of call.metadata.get(TRAILING)) trailers.add(TRAILING, value);
  if (header.get(INITIAL).length > 0) call.sendMetadata(header);
  return trailers;
}

function errorOf(status: EchoStatus | undefined): { code: grpc.status; details: string } | undefined {
  return status === undefined || status.code === 0 ? undefined : { code: status.code, details: status.message };
}

function define(method: DescMethod): grpc.MethodDefinition<object, object> {
  const read = (desc: DescMessage) => (bytes: Buffer) => fromBinary(desc, bytes) as MessageShape<DescMessage>;
  const write = (desc: DescMessage) => (value: object) =>
    Buffer.from(toBinary(desc, create(desc, value as MessageInitShape<DescMessage>)));
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: write(method.input),
    requestDeserialize: read(method.input),
    responseSerialize: write(method.output),
    responseDeserialize: read(method.output),
  };
}

const served = TestService.methods.filter(({ name }) => name in handlers);
const server = new grpc.Server();
server.addService(
  Object.fromEntries(served.map((method) => [method.name, define(method)])),
  handlers as unknown as grpc.UntypedServiceImplementation, // their messages are those of the descriptors beside
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`ready ${port}`);
});
