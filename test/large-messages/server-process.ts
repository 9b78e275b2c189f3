// SPDX-License-Identifier: Apache-2.0
// An ordinary grpc-js server that knows nothing of routers: `node server-process.ts LIMIT_BYTES`. Prints `ready PORT`.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import {
  type SimpleRequest,
  SimpleRequestSchema,
  SimpleResponseSchema,
} from "../interop/gen/grpc/testing/messages_pb.ts";
import { answerTo } from "./answer.ts";

const limit = Number(process.argv[2]);
const server = new grpc.Server({ "grpc.max_receive_message_length": limit, "grpc.max_send_message_length": limit });
server.addService(
  {
    unaryCall: {
      path: "/grpc.testing.TestService/UnaryCall",
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => fromBinary(SimpleRequestSchema, bytes),
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  },
  {
    unaryCall({ request }: { readonly request: SimpleRequest }, done: grpc.sendUnaryData<Buffer>) {
      done(null, Buffer.from(toBinary(SimpleResponseSchema, create(SimpleResponseSchema, answerTo(request)))));
    },
  },
);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`ready ${port}`);
});
