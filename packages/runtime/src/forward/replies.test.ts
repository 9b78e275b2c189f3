// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { numbers, pathOf } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

function setUp(options: TestRouterOptions = {}) {
  const router = new TestRouter(options);
  const instance = router.instance();
  const { client } = router.connect();
  router.run();
  return { router, instance, client };
}

describe("a reply", () => {
  test("over the limit ends the call with both sizes", () => {
    const { router, instance, client } = setUp({ maxResponseMessageBytes: 10 });
    const [member, slice] = [client.unary(pathOf("Get"), bytes("a")), client.unary(pathOf("Get"), bytes("b"))];
    router.run();
    instance.reply(1, "Get", pattern(11));
    instance.send({ head: { callId: 2n }, fragment: { data: pattern(5), remaining: 6 } });
    router.run();
    for (const call of [member, slice]) {
      expect(call?.status).toMatchObject({
        code: 8,
        details: { errorInfo: { reason: "MESSAGE_TOO_LARGE", metadata: { execution: "started" } } },
      });
      expect(call?.status?.message).toContain("at most 10 bytes, received 11");
    }
    expect(instance.calls.at(-1)).toMatchObject({ callId: 2, cancel: 1 });
    expect(router.core.instances()[0]?.openCalls).toBe(1);
  });

  const bad: readonly [name: string, entry: { name: string; value: Uint8Array }][] = [
    ["a pseudo field", { name: ":status", value: bytes("200") }],
    ["a capital letter", { name: "X-a", value: bytes("1") }],
    ["an empty name", { name: "", value: bytes("1") }],
    ["a line break", { name: "x-a", value: bytes("1\r\nx-b: 2") }],
    ["a byte above ASCII", { name: "x-a", value: Uint8Array.of(0xc3) }],
    ["connection", { name: "connection", value: bytes("close") }],
    ["grpc-status", { name: "grpc-status", value: bytes("0") }],
    ["content-type", { name: "content-type", value: bytes("text/html") }],
  ];
  for (const [name, entry] of bad) {
    test(`with ${name} in its metadata is BAD_METADATA`, () => {
      const { router, instance, client } = setUp();
      const calls = ["a", "b"].map((data) => client.unary(pathOf("Get"), bytes(data)));
      router.run();
      instance.send({ head: { callId: 1n, header: { metadata: [entry] } } });
      instance.end(2, { trailers: [entry] });
      router.run();
      for (const call of calls) {
        expect(call.status).toMatchObject({ code: 13, details: { errorInfo: { reason: "BAD_METADATA" } } });
      }
      expect(instance.call.status).toBeUndefined();
      expect(router.core.instances()[0]?.openCalls).toBe(1);
    });
  }

  test("with too much metadata is METADATA_TOO_LARGE", () => {
    const { router, instance, client } = setUp();
    const calls = ["a", "b"].map((data) => client.unary(pathOf("Get"), bytes(data)));
    router.run();
    const many = Array.from({ length: 101 }, (_, at) => ({ name: `x-${at}`, value: bytes("1") }));
    instance.send({ head: { callId: 1n, header: { metadata: many } } });
    instance.end(2, { trailers: [{ name: "x-a", value: pattern(17_000).map((byte) => 97 + (byte % 26)) }] });
    router.run();
    for (const call of calls)
      expect(call.status).toMatchObject({ code: 8, details: { errorInfo: { reason: "METADATA_TOO_LARGE" } } });
  });

  test("with a code that gRPC does not know is UNKNOWN", () => {
    const { router, instance, client } = setUp();
    const call = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    instance.end(1, { code: 42 });
    router.run();
    expect(call.status?.code).toBe(2);
  });

  test("with a header and an End in one frame has head and trailers", () => {
    const { router, instance, client } = setUp();
    const call = client.unary(pathOf("Get"), bytes("a"));
    router.run();
    instance.send({ head: { callId: 1n, header: {}, end: { code: 5 } } });
    router.run();
    expect(call.trailersOnly).toBe(false);
    expect(call.status?.code).toBe(5);
  });

  test("in an order that only just makes sense is forwarded so", () => {
    const { router, instance, client } = setUp();
    const call = client.unary(pathOf("Watch"), bytes("a"));
    router.run();
    instance.send({ head: { callId: 1n, header: {} } });
    instance.send({ head: { callId: 1n }, fragment: { data: pattern(5), remaining: 5, compressed: true } });
    instance.send({ head: { callId: 1n }, fragment: { data: pattern(5), compressed: true } });
    instance.send({ head: { callId: 1n, end: {} }, member: [numbers.Watch, bytes("x")] });
    router.run();
    expect(call.messages.map(({ compressed, bytes: data }) => [compressed, data.length])).toEqual([
      [true, 10],
      [false, 1],
    ]);
  });
});
