// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { InstanceInfo } from "@grpc-router/runtime";
import {
  type AdminService,
  type Instance,
  InstanceSchema,
  type ListInstancesRequest,
  State,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import type { RouterServer } from "../serve/serve-router.js";

/** Answers an operator's questions about `server`. */
export function createAdminService(server: Pick<RouterServer, "instances">): ServiceImpl<typeof AdminService> {
  return {
    listInstances: (request: ListInstancesRequest) => ({
      instances: server
        .instances()
        .filter(({ service }) => request.service === "" || service === request.service)
        .map(toMessage)
        .sort((a, b) => compare(a.service, b.service) || compare(a.id, b.id) || compare(a.incarnation, b.incarnation)),
    }),
  };
}

function toMessage(info: InstanceInfo): Instance {
  return create(InstanceSchema, {
    id: info.id,
    service: info.service,
    state: info.draining ? State.DRAINING : info.serving ? State.SERVING : State.NOT_SERVING,
    peerAddress: info.peer,
    methods: [...info.methods],
    labels: { ...info.labels },
    weight: info.weight,
    openCalls: info.openCalls,
    incarnation: BigInt(info.incarnation),
    connectedFor: durationFromMs(Math.max(0, Math.round(info.connectedForMs))),
    ...(info.capacity === undefined ? {} : { capacity: info.capacity }),
  });
}

function compare<Value extends string | bigint>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
