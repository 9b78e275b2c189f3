// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import type { ConnectionInfo } from "@grpc-router/runtime";
import { type Connection, ConnectionRole, ConnectionSchema } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { durationOf } from "./durations.js";

/** An open connection. */
export function connectionMessage(info: ConnectionInfo): Connection {
  return create(ConnectionSchema, {
    id: BigInt(info.id),
    peerAddress: info.address,
    role: info.role === "instance" ? ConnectionRole.INSTANCE : ConnectionRole.CLIENT,
    instances: [...info.instances],
    age: durationOf(info.ageMs),
    openStreams: info.openStreams,
    receivedBytes: BigInt(info.receivedBytes),
    sentBytes: BigInt(info.sentBytes),
  });
}
