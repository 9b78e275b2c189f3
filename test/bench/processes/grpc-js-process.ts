// SPDX-License-Identifier: Apache-2.0
// A grpc-js server of EchoService with its defaults, for the comparison "a server by itself"; messages by protobuf-es, as
// in the bridge. Prints `ready 127.0.0.1:PORT pid PID`.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { type EchoRequest, EchoRequestSchema, type EchoResponse, EchoResponseSchema } from "../gen/bench/v1/echo_pb.ts";

const server = new Server();
server.addService(
  {
    echo: {
      path: "/bench.v1.EchoService/Echo",
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: EchoRequest) => Buffer.from(toBinary(EchoRequestSchema, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(EchoRequestSchema, bytes),
      responseSerialize: (message: EchoResponse) => Buffer.from(toBinary(EchoResponseSchema, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(EchoResponseSchema, bytes),
    },
  },
  {
    echo({ request }: ServerUnaryCall<EchoRequest, EchoResponse>, callback: sendUnaryData<EchoResponse>) {
      callback(null, create(EchoResponseSchema, { payload: request.payload }));
    },
  },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  console.log(`ready 127.0.0.1:${port} pid ${process.pid}`);
});
process.once("SIGTERM", () => process.exit(0));
