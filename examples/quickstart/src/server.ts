// SPDX-License-Identifier: Apache-2.0
// An ordinary gRPC server, as people have it already: nothing in it knows of a router. It has one method.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import {
  type GetUserRequest,
  GetUserRequestSchema,
  type GetUserResponse,
  GetUserResponseSchema,
  UserService,
} from "./gen/acme/user/v1/user_pb.js";

const names = new Map(Object.entries({ 1: "Ada", 2: "Grace", 3: "Edsger" }));

function getUser(call: ServerUnaryCall<GetUserRequest, GetUserResponse>, done: sendUnaryData<GetUserResponse>): void {
  const { userId } = call.request;
  const name = names.get(userId);
  if (name === undefined) done({ code: status.NOT_FOUND, details: `there is no user "${userId}"` });
  else done(null, create(GetUserResponseSchema, { user: { userId, name, tenantId: "t1" } }));
}

const server = new Server();
server.addService(
  {
    getUser: {
      path: `/${UserService.typeName}/${UserService.method.getUser.name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: GetUserRequest) => Buffer.from(toBinary(GetUserRequestSchema, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(GetUserRequestSchema, bytes),
      responseSerialize: (message: GetUserResponse) => Buffer.from(toBinary(GetUserResponseSchema, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(GetUserResponseSchema, bytes),
    },
  },
  { getUser },
);
const address = `127.0.0.1:${process.env.PORT ?? 50051}`;
server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
  if (error === null) {
    console.log(`ready ${address} pid ${process.pid}`);
    return;
  }
  console.error(`Cannot listen on ${address}: ${error.message}. Set PORT to a free one`);
  process.exitCode = 1;
});
process.once("SIGTERM", () => server.tryShutdown(() => {}));
