// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { StatusCode } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthListRequestSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as Serving,
} from "../gen/grpc/health/v1/health_pb.js";
import { maxHealthServices } from "../limits.js";
import { createHealthBook } from "./health-book.js";
import { createHealthService } from "./health-service.js";
import { startRecordedCall } from "./recorded-call.suite.js";

const user = "acme.user.v1.UserService";

function open(method: string) {
  const book = createHealthBook();
  const call = startRecordedCall(createHealthService(book), method);
  const statuses = () => call.decoded(HealthCheckResponseSchema).map(({ status }) => status);
  return { book, call, statuses };
}

function ask(service: string): Uint8Array {
  return toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service }));
}

describe("Check", () => {
  it.each([
    ["an instance serves", user, true, Serving.SERVING],
    ["no instance serves", user, false, Serving.NOT_SERVING],
    ["the router is ready", "", true, Serving.SERVING],
    ["the router is not ready", "", false, Serving.NOT_SERVING],
  ])("tells that %s", (_fact, service, serving, status) => {
    const { book, call, statuses } = open("Check");
    book.set(user, serving);
    call.handler.onMessage(ask(service));
    expect(call.status).toBeUndefined();
    call.handler.onHalfClose();
    expect(statuses()).toEqual([status]);
    expect(call.status).toEqual([StatusCode.ok, ""]);
  });

  it("is NOT_FOUND for a service that is not routed", () => {
    const { call } = open("Check");
    call.handler.onMessage(ask("acme.Nothing"));
    call.handler.onHalfClose();
    expect(call.messages).toEqual([]);
    expect(call.status).toEqual([StatusCode.notFound, "service acme.Nothing is not routed here"]);
  });

  it("is NOT_SERVING while the router drains", () => {
    const { book, call, statuses } = open("Check");
    book.set(user, true);
    book.drain();
    call.handler.onMessage(ask(user));
    call.handler.onHalfClose();
    expect(statuses()).toEqual([Serving.NOT_SERVING]);
  });

  it("takes exactly one message", () => {
    const none = open("Check").call;
    none.handler.onHalfClose();
    expect(none.status).toEqual([StatusCode.unimplemented, "one request message expected, received none"]);
    const two = open("Check").call;
    two.handler.onMessage(ask(user));
    two.handler.onTaken();
    two.handler.onMessage(ask(user));
    expect(two.status).toEqual([StatusCode.unimplemented, "one request message expected, received more"]);
    two.handler.onCancel();
  });

  it("is INTERNAL for bytes that are no request", () => {
    const { call } = open("Check");
    call.handler.onMessage(Uint8Array.of(0x0a, 0x05, 0x61));
    expect(call.status?.[0]).toBe(StatusCode.internal);
    expect(call.status?.[1]).toContain("grpc.health.v1.HealthCheckRequest");
  });
});

describe("List", () => {
  const list = toBinary(HealthListRequestSchema, create(HealthListRequestSchema));

  it("tells the router and all services", () => {
    const { book, call } = open("List");
    book.set(user, true);
    book.set("acme.order.v1.OrderService", false);
    call.handler.onMessage(list);
    call.handler.onHalfClose();
    const [response] = call.decoded(HealthListResponseSchema);
    const statuses = Object.entries(response?.statuses ?? {}).map(([name, { status }]) => [name, status]);
    expect(statuses).toEqual([
      ["", Serving.SERVING],
      [user, Serving.SERVING],
      ["acme.order.v1.OrderService", Serving.NOT_SERVING],
    ]);
    expect(call.status).toEqual([StatusCode.ok, ""]);
  });

  it.each([
    [maxHealthServices - 1, StatusCode.ok],
    [maxHealthServices, StatusCode.resourceExhausted],
  ])("with %i services beside the router ends with code %i", (count, code) => {
    const { book, call } = open("List");
    for (let index = 0; index < count; index++) book.set(`acme.Service${index}`, true);
    call.handler.onMessage(list);
    call.handler.onHalfClose();
    expect(call.status?.[0]).toBe(code);
  });
});

describe("Watch", () => {
  function watch(service: string, prepare: (book: ReturnType<typeof createHealthBook>) => void = () => {}) {
    const watched = open("Watch");
    prepare(watched.book);
    watched.call.handler.onMessage(ask(service));
    watched.call.handler.onHalfClose();
    return watched;
  }

  it("tells the state at once and every change after it", () => {
    const { book, call, statuses } = watch(user, (book) => book.set(user, false));
    expect(statuses()).toEqual([Serving.NOT_SERVING]);
    book.set(user, true);
    book.set("other", true);
    book.set(user, false);
    expect(statuses()).toEqual([Serving.NOT_SERVING, Serving.SERVING, Serving.NOT_SERVING]);
    expect(call.status).toBeUndefined();
  });

  it("is SERVICE_UNKNOWN until the service is routed", () => {
    const { book, statuses } = watch(user);
    book.set(user, true);
    expect(statuses()).toEqual([Serving.SERVICE_UNKNOWN, Serving.SERVING]);
  });

  it("tells only the newest to a client that did not read in between", () => {
    const { book, call, statuses } = watch(user, (book) => book.set(user, true));
    call.busy = true;
    book.set(user, false);
    book.set(user, true);
    book.set(user, false);
    call.busy = false;
    call.handler.onTaken();
    call.handler.onTaken();
    expect(statuses()).toEqual([Serving.SERVING, Serving.NOT_SERVING]);
  });

  it("tells nothing after the client has gone", () => {
    const { book, call, statuses } = watch(user, (book) => book.set(user, true));
    call.handler.onCancel();
    book.set(user, false);
    expect(statuses()).toEqual([Serving.SERVING]);
  });

  it("may be cancelled before the request is whole", () => {
    const { call } = open("Watch");
    call.handler.onTaken();
    call.handler.onCancel();
    expect(call.messages).toEqual([]);
  });

  it.each([user, ""])("of %j tells NOT_SERVING and ends when the router drains", (service) => {
    const { book, call, statuses } = watch(service, (book) => book.set(user, true));
    book.drain();
    expect(statuses()).toEqual([Serving.SERVING, Serving.NOT_SERVING]);
    expect(call.status).toEqual([StatusCode.unavailable, "the router is draining"]);
  });

  it("ends at once when it begins while the router drains", () => {
    const { call, statuses } = watch(user, (book) => {
      book.set(user, true);
      book.drain();
    });
    expect(statuses()).toEqual([Serving.NOT_SERVING]);
    expect(call.status?.[0]).toBe(StatusCode.unavailable);
  });
});
