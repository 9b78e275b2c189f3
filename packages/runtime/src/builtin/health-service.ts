// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { StatusCode } from "@grpc-router/protocol";
import {
  Health,
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthListRequestSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../gen/grpc/health/v1/health_pb.js";
import { maxHealthServices } from "../limits.js";
import type { HealthBook } from "./health-book.js";
import type { LocalCall, LocalCallHandler, LocalService } from "./local-service.js";
import { singleRequest } from "./single-request.js";

/**
 * The health service grpc.health.v1 (gRFC A17, A90). A routed service is SERVING while an instance serves it, "" while the
 * router is ready; all are NOT_SERVING while the router drains, and watches end then, so that they do not hold the drain.
 */
export function createHealthService(book: HealthBook): LocalService {
  return {
    desc: Health,
    start(method, call) {
      switch (method.localName) {
        case "check":
          return startCheck(book, call);
        case "list":
          return startList(book, call);
        default:
          return startWatch(book, call);
      }
    },
  };
}

function startCheck(book: HealthBook, call: LocalCall): LocalCallHandler {
  return singleRequest(call, {
    schema: HealthCheckRequestSchema,
    onRequest({ service }) {
      const serving = book.isServing(service);
      if (serving === undefined) return call.end(StatusCode.notFound, `service ${service} is not routed here`);
      call.send(encodeStatus(serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING));
      call.end(StatusCode.ok, "");
    },
  });
}

function startList(book: HealthBook, call: LocalCall): LocalCallHandler {
  return singleRequest(call, {
    schema: HealthListRequestSchema,
    onRequest() {
      const services = ["", ...book.services];
      if (services.length > maxHealthServices) {
        const message = `at most ${maxHealthServices} services can be listed, there are ${services.length}; use Check or Watch`;
        return call.end(StatusCode.resourceExhausted, message);
      }
      const response = create(HealthListResponseSchema);
      for (const service of services) {
        const status = watchedStatus(book, service);
        response.statuses[service] = create(HealthCheckResponseSchema, { status });
      }
      call.send(toBinary(HealthListResponseSchema, response));
      call.end(StatusCode.ok, "");
    },
  });
}

function startWatch(book: HealthBook, call: LocalCall): LocalCallHandler {
  let unwatch: (() => void) | undefined;
  let sent: ServingStatus | undefined;
  let tell = () => {};
  return singleRequest(call, {
    schema: HealthCheckRequestSchema,
    onRequest({ service }) {
      tell = () => {
        // A client that does not read gets the newest when it does, and not what was in between.
        if (call.busy) return;
        const status = watchedStatus(book, service);
        if (status !== sent) call.send(encodeStatus(status));
        sent = status;
        if (!book.draining) return;
        unwatch?.();
        call.end(StatusCode.unavailable, "the router is draining");
      };
      unwatch = book.watch(service, () => tell());
      tell();
    },
    onCancel: () => unwatch?.(),
    onTaken: () => tell(),
  });
}

function watchedStatus(book: HealthBook, service: string): ServingStatus {
  const serving = book.isServing(service);
  if (serving === undefined) return ServingStatus.SERVICE_UNKNOWN;
  return serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

function encodeStatus(status: ServingStatus): Uint8Array {
  return toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status }));
}
