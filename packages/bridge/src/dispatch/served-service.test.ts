// SPDX-License-Identifier: Apache-2.0
import { bridgeDesc } from "@grpc-router/protocol/codegenv1";
import { describe, expect, it } from "vitest";
import { createBridge } from "../bridge.js";
import { echoBridge, echoChannel, echoNumbers, echoService, emptyService } from "../testing/echo-service.suite.js";
import { createServedService, type MethodEntry } from "./served-service.js";

function entries(...names: string[]): Map<string, MethodEntry> {
  return new Map(names.map((name) => [name, { code: () => undefined, interceptors: [] }]));
}

describe("createServedService()", () => {
  it("has the methods that there is code for, with number, kind and whether they have a member", () => {
    const service = createServedService(echoBridge, entries("say", "list", "join", "chat", "blob", "gone"));
    expect(service.path).toBe("/grpcrouter.channel.test.v1.EchoServiceChannel/Register");
    expect(service.methodNames).toBe("Say, List, Join, Chat, Blob");
    const facts = service.methods.map((each) => [
      each.label,
      each.number,
      each.typed,
      each.readsStream,
      each.writesStream,
    ]);
    expect(facts).toEqual([
      ["test.v1.EchoService/Say", echoNumbers.say, true, false, false],
      ["test.v1.EchoService/List", echoNumbers.list, true, false, true],
      ["test.v1.EchoService/Join", echoNumbers.join, true, true, false],
      ["test.v1.EchoService/Chat", echoNumbers.chat, true, true, true],
      ["test.v1.EchoService/Blob", echoNumbers.blob, false, false, false],
    ]);
    expect(service.byNumber.get(8)?.desc.name).toBe("Chat");
  });

  it.each([
    ["the service itself", echoService, /must be a generated bridge, received the service test.v1.EchoService itself/],
    ["null", null, /must be a generated bridge, received null/],
    ["text", "users", /must be a generated bridge, received string/],
  ])("refuses %s in place of a bridge", (_name, bridge, text) => {
    expect(() => createServedService(bridge as never, entries("say"))).toThrow(text);
  });

  it("refuses a service without methods, and one that is added twice", () => {
    const empty = bridgeDesc(emptyService, echoChannel, {});
    expect(() => createServedService(empty, entries("say"))).toThrow(/at least one method/);
    const bridge = createBridge().service(echoBridge, { say: () => ({}) });
    expect(() => bridge.service(echoBridge, { say: () => ({}) })).toThrow(/must be added once/);
  });
});
