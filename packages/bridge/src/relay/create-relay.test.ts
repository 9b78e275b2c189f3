// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { Method_Idempotency, Method_Kind, methodNumber } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { echoService, emptyService, otherService } from "../testing/echo-service.suite.js";
import { relayed, relayWhole } from "../testing/relay-bed.suite.js";
import { createRelay } from "./create-relay.js";

const target = { url: "http://target.test", dial: () => ({ cancel: () => undefined }) };

describe("createRelay()", () => {
  it("registers on the untyped channel, with the numbers of the names and no member", async () => {
    const { channel } = await relayed({ capacity: 7, labels: { zone: "b" }, weight: 5, id: "users-1" });
    expect(channel.path).toBe("/grpcrouter.v1.ChannelService/Register");
    const { instanceId, service, capacity, traits, methods } = channel.hello;
    expect({ instanceId, service, capacity: capacity?.calls }).toEqual({
      instanceId: "users-1",
      service: "test.v1.EchoService",
      capacity: 7,
    });
    expect(traits).toMatchObject({ labels: { zone: "b" }, weight: 5 });
    const { NO_SIDE_EFFECTS, IDEMPOTENT, UNSPECIFIED } = Method_Idempotency;
    expect(
      methods.map(({ name, number, typed, kind, idempotency }) => [name, number, typed, kind, idempotency]),
    ).toEqual([
      ["Say", methodNumber("Say"), false, Method_Kind.UNARY, NO_SIDE_EFFECTS],
      ["List", methodNumber("List"), false, Method_Kind.SERVER_STREAMING, IDEMPOTENT],
      ["Join", methodNumber("Join"), false, Method_Kind.CLIENT_STREAMING, UNSPECIFIED],
      ["Chat", methodNumber("Chat"), false, Method_Kind.BIDI_STREAMING, UNSPECIFIED],
      ["Blob", methodNumber("Blob"), false, Method_Kind.UNARY, UNSPECIFIED],
    ]);
  });

  it("serves several services over one connection to the target", async () => {
    const { peer, target: server, scheduler } = await relayed({ services: [echoService, otherService] });
    expect(peer.channels.map(({ hello }) => hello.service)).toEqual(["test.v1.EchoService", "test.v1.OtherService"]);
    expect(server.connections).toHaveLength(1);
    peer.channels[1]?.send({
      ...relayWhole(1, "Say", Uint8Array.of()),
      head: { callId: 1n, halfClose: true, start: { method: methodNumber("Ping") } },
    });
    await scheduler.settle();
    expect(server.last().field(":path")).toBe("/test.v1.OtherService/Ping");
  });

  it("tells methods apart whose names have one number", async () => {
    const file = create(FileDescriptorProtoSchema, {
      name: "test/v1/secret.proto",
      package: "test.v1",
      syntax: "proto3",
      dependency: ["google/protobuf/wrappers.proto"],
      service: [
        {
          name: "SecretService",
          method: ["MoveSecret", "ImportSecret"].map((name) => ({
            name,
            inputType: ".google.protobuf.StringValue",
            outputType: ".google.protobuf.StringValue",
          })),
        },
      ],
    });
    const set = create(FileDescriptorSetSchema, { file: [file_google_protobuf_wrappers.proto, file] });
    const service = createFileRegistry(set).getService("test.v1.SecretService");
    if (service === undefined) throw new Error("Cannot find the service");
    const { channel } = await relayed({ services: [service] });
    expect(channel.hello.methods.map(({ number }) => number)).toEqual([86_136, 8]);
  });

  it("answers a call of a method that it has not announced", async () => {
    const { channel, scheduler } = await relayed();
    channel.send({ head: { callId: 1n, start: { method: 9 }, halfClose: true } });
    await scheduler.settle();
    expect(channel.endOf(1)).toMatchObject({ code: 12, message: expect.stringContaining("METHOD_UNKNOWN") });
  });

  it.each([
    ["no service", [], "it must have a service, received none"],
    ["a service twice", [echoService, echoService], "test.v1.EchoService: it must be given once"],
    ["a service without methods", [emptyService], "test.v1.EmptyService: it must have methods, it has none"],
  ])("refuses %s", (_name, services, message) => {
    expect(() => createRelay({ services, target })).toThrow(message);
  });

  it("refuses options as createBridge does", () => {
    expect(() => createRelay({ services: [echoService], target, capacity: -1 })).toThrow("capacity must be");
  });
});
