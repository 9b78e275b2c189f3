// SPDX-License-Identifier: Apache-2.0
// Messages that no hook can be shown, and settings that no hook can be.
import { describe, expect, test } from "vitest";
import { createRouter } from "../router.js";
import { HookScene, messageOf, type Wire, wireOf } from "../test-kit/hook-scene.suite.js";
import { testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

const keep = () => undefined;

interface Fault {
  readonly name: string;
  /** As `Wire`, or octets with their prefix. */
  readonly wire: Wire | Uint8Array;
  readonly encoding?: string;
  readonly contentType?: string;
  readonly reason: string;
  readonly code: number;
  readonly message: string;
}

const requestFaults: readonly Fault[] = [
  {
    name: "no message of its type",
    wire: { compressed: false, bytes: new Uint8Array([0x0a, 200, 1]) },
    reason: "BAD_MESSAGE",
    code: 13,
    message: "it must be a acme.test.v1.Message for onRequest",
  },
  {
    name: "no gzip",
    wire: { compressed: true, bytes: bytes("no gzip at all") },
    reason: "BAD_MESSAGE",
    code: 13,
    message: "it must be gzip",
  },
  {
    name: "of another encoding",
    wire: { compressed: true, bytes: bytes("who knows") },
    encoding: "zstd",
    reason: "CALL_UNSUPPORTED",
    code: 12,
    message: "received zstd for a request",
  },
  {
    name: "compressed without an encoding",
    wire: { compressed: true, bytes: bytes("who knows") },
    encoding: "",
    reason: "CALL_UNSUPPORTED",
    code: 12,
    message: "received no encoding for a request",
  },
  {
    name: "too long",
    wire: wireOf(pattern(2_000), false),
    reason: "MESSAGE_TOO_LARGE",
    code: 8,
    message: "at most 1000 bytes, received 2003",
  },
  {
    name: "too long when inflated",
    wire: wireOf(new Uint8Array(100_000), true),
    reason: "MESSAGE_TOO_LARGE",
    code: 8,
    message: "received more when inflated",
  },
  {
    name: "of unknown flags",
    wire: new Uint8Array([2, 0, 0, 0, 1, 1]),
    reason: "BAD_MESSAGE",
    code: 13,
    message: "its flags must be 0 or 1",
  },
  {
    name: "cut off",
    wire: new Uint8Array([0, 0, 0, 0, 9, 1]),
    reason: "BAD_MESSAGE",
    code: 13,
    message: "the request ended inside a message",
  },
  {
    name: "not of protobuf",
    wire: wireOf(pattern(3), false),
    contentType: "application/grpc+json",
    reason: "CALL_UNSUPPORTED",
    code: 12,
    message: "received application/grpc+json",
  },
];

describe("a request that a hook cannot be shown", () => {
  test.each(requestFaults)("$name: $reason", async ({ wire, encoding = "gzip", contentType, ...fault }) => {
    const settings = { maxRequestMessageBytes: 1_000 };
    const scene = new HookScene({ method: "Get", hooks: { onRequest: keep }, settings });
    const metadata: [string, string][] = encoding === "" ? [] : [["grpc-encoding", encoding]];
    const path = "/acme.test.v1.TestService/Get";
    const call = scene.client.start(path, { metadata, ...(contentType === undefined ? {} : { contentType }) });
    if (wire instanceof Uint8Array) call.sendBytes(wire, true);
    else call.send(wire.bytes, { compressed: wire.compressed, halfClose: true });
    await scene.settle();
    expect([call.status?.code, call.status?.details?.errorInfo?.reason]).toEqual([fault.code, fault.reason]);
    expect(call.status?.message).toContain(fault.message);
    expect([scene.instance.calls, scene.leaks]).toEqual([[], [0, 0, 0]]);
  });
});

describe("a response that a hook cannot be shown", () => {
  const responseFaults = requestFaults.filter(({ wire, contentType }) => {
    return !(wire instanceof Uint8Array) && contentType === undefined;
  });
  test.each(responseFaults)("$name: $reason", async ({ wire, encoding = "gzip", ...fault }) => {
    if (wire instanceof Uint8Array) throw new Error("not sent by instances");
    const settings = { maxResponseMessageBytes: 1_000 };
    const scene = new HookScene({ method: "Watch", hooks: { onResponse: keep }, settings });
    const call = scene.start();
    call.send(wireOf(pattern(1), false).bytes, { halfClose: true });
    await scene.settle();
    scene.instance.send({ head: { callId: 1n, header: { encoding } } });
    // What is right before it still goes.
    scene.respond(wireOf(pattern(4), false));
    scene.respond(wire);
    await scene.settle();
    expect(call.messages).toHaveLength(1);
    expect([call.status?.code, call.status?.details?.errorInfo?.reason]).toEqual([fault.code, fault.reason]);
    expect(call.status?.message).toContain(
      fault.message.replace("request", "response").replace("onRequest", "onResponse"),
    );
    expect(scene.instance.calls.at(-1)?.cancel).toBe(1);
    scene.instance.end(1, { code: 1 });
    await scene.settle();
    expect(scene.leaks).toEqual([0, 0, 0]);
  });
});

describe("what a hook answers", () => {
  test.each([
    ["null", null, "received null"],
    ["a text", "yes", "received string"],
    ["an object that is no message", { data: new Uint8Array(1) }, "received object"],
    [
      "a thenable that throws",
      {
        // biome-ignore lint/suspicious/noThenProperty: it is what is tested
        then: () => {
          throw new Error("broken");
        },
      },
      "broken",
    ],
  ])("must be a message, not %s", async (_name, answer, problem) => {
    const scene = new HookScene({ method: "Get", hooks: { onRequest: () => answer } });
    const call = scene.start();
    call.send(wireOf(pattern(4), false).bytes, { halfClose: true });
    await scene.settle();
    expect(call.status?.details?.errorInfo?.reason).toBe("POLICY_FAILED");
    expect(scene.router.logger.of("policy_failed")[0]?.message).toContain(problem);
    expect(scene.leaks).toEqual([0, 0, 0]);
  });

  test.each(["onRequest", "onResponse"] as const)("must keep to the limit of messages: %s", async (name) => {
    const hooks = { [name]: () => messageOf(pattern(2_000)) };
    const settings = { maxRequestMessageBytes: 1_000, maxResponseMessageBytes: 1_000 };
    const scene = new HookScene({ method: "Get", hooks, settings });
    const call = scene.start();
    call.send(wireOf(pattern(4), false).bytes, { halfClose: true });
    await scene.settle();
    if (name === "onResponse") scene.instance.reply(1, "Get", wireOf(pattern(4), false).bytes);
    await scene.settle();
    expect([call.status?.details?.errorInfo?.reason, call.messages]).toEqual(["MESSAGE_TOO_LARGE", []]);
    expect(scene.leaks).toEqual([0, 0, 0]);
  });

  test("does not change what came if it changes the message and keeps it", async () => {
    const onRequest = (message: { readonly data: Uint8Array }) => {
      message.data.fill(0);
      return undefined;
    };
    const scene = new HookScene({ method: "Get", hooks: { onRequest } });
    const wire = wireOf(pattern(40), false);
    scene.start().send(wire.bytes, { halfClose: true });
    await scene.settle();
    expect(scene.requests()).toEqual([wire]);
  });
});

describe("settings of hooks", () => {
  const desc = testServiceRouter();
  test.each([
    ["of a service", () => createRouter().service(desc, { onRequest: keep } as never)],
    ["of all methods of a service", () => createRouter().service(desc, { defaults: { onResponse: keep } } as never)],
    ["of a router", () => createRouter({ onResponse: keep } as never)],
  ])("%s are refused: messages belong to a method", (_name, create) => {
    expect(create).toThrow("onRequest and onResponse must be of one method, in methods");
  });

  test("must be functions", () => {
    expect(() => createRouter().service(desc, { methods: { get: { onRequest: "yes" } } } as never)).toThrow(
      "Cannot route acme.test.v1.TestService/Get: onRequest must be a function, received yes",
    );
  });
});
