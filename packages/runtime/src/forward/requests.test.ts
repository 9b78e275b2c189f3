// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf, testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes, pattern } from "../test-kit/text.suite.js";

function setUp(options: TestRouterOptions = {}) {
  const router = new TestRouter(options);
  const instance = router.instance();
  const { client } = router.connect();
  router.run();
  return { router, instance, client };
}

describe("a method's timeout", () => {
  for (const [name, options] of [
    ["the proto's option", { desc: testServiceRouter({ get: { timeoutMs: 500 } }) }],
    ["the method's setting", { settings: { timeoutMs: 900, methods: { get: { timeoutMs: 500 } } } }],
    ["the service's setting", { desc: testServiceRouter({ get: { timeoutMs: 900 } }), settings: { timeoutMs: 500 } }],
    ["the router's option", { timeoutMs: 500 }],
  ] as const) {
    test(`is ${name}; a shorter one of the client wins`, () => {
      const { router, instance, client } = setUp(options);
      client.unary(pathOf("Get"), bytes("a"));
      client.unary(pathOf("Get"), bytes("a"), { timeout: "400m" });
      client.unary(pathOf("Get"), bytes("a"), { timeout: "1H" });
      router.run();
      expect(instance.calls.map((frame) => Number(frame.start?.timeoutUs))).toEqual([500_000, 400_000, 500_000]);
    });
  }
});

describe("a request message", () => {
  const limits: readonly [name: string, options: TestRouterOptions, limit: number][] = [
    ["by default", {}, 4_194_304],
    ["of the router", { maxRequestMessageBytes: 100 }, 100],
    ["of the service", { settings: { maxRequestMessageBytes: 20_000 } }, 20_000],
    [
      "of the method",
      { settings: { maxRequestMessageBytes: 50, methods: { get: { maxRequestMessageBytes: 60 } } } },
      60,
    ],
    ["of the proto", { desc: testServiceRouter({ get: { maxRequestMessageBytes: 70 } }) }, 70],
  ];
  for (const [name, options, limit] of limits) {
    test(`over the limit ${name} is refused on its prefix, with both sizes`, () => {
      const { router, instance, client } = setUp(options);
      const call = client.start(pathOf("Get"));
      const prefix = new Uint8Array(6);
      new DataView(prefix.buffer).setUint32(1, limit + 1);
      call.sendBytes(prefix);
      router.run();
      expect(call.status).toMatchObject({
        code: 8,
        details: { errorInfo: { reason: "MESSAGE_TOO_LARGE", metadata: { execution: "none" } } },
      });
      expect(call.status?.message).toContain(`at most ${limit} bytes, received ${limit + 1}`);
      expect(instance.calls).toHaveLength(0);
    });
  }

  test("over the instance's own limit is refused", () => {
    const router = new TestRouter();
    router.instance({ maxMessageBytes: 10 });
    const { client } = router.connect();
    const small = client.unary(pathOf("Get"), bytes("0123456789"));
    const large = client.unary(pathOf("Get"), bytes("0123456789a"));
    router.run();
    expect(small.status).toBeUndefined();
    expect(large.status?.message).toContain("at most 10 bytes, received 11");
  });

  test("over the limit, later in a stream, ends the call at the instance, too", () => {
    const { router, instance, client } = setUp({ maxRequestMessageBytes: 10 });
    const call = client.start(pathOf("Chat"));
    call.send(bytes("ok"));
    router.run();
    call.send(pattern(11));
    router.run();
    expect(call.status).toMatchObject({ code: 8, details: { errorInfo: { metadata: { execution: "unknown" } } } });
    expect(instance.calls.at(-1)).toMatchObject({ callId: 1, cancel: 1 });
  });

  for (const [name, raw] of [
    ["with flags that gRPC does not know", [2, 0, 0, 0, 1, 65]],
    ["that is cut off", [0, 0, 0, 0, 5, 65]],
    ["whose prefix is cut off", [0, 0, 0]],
    ["that is large and cut off", [0, 0, 1, 0, 0, 65]],
  ] as const) {
    test(`${name} is INTERNAL`, () => {
      const { router, client } = setUp();
      const call = client.start(pathOf("Get"));
      call.sendBytes(Uint8Array.from(raw), true);
      router.run();
      expect(call.status).toMatchObject({ code: 13, details: { errorInfo: { reason: "BAD_MESSAGE" } } });
    });
  }

  test("that is cut off later in a stream aborts the call", () => {
    const { router, instance, client } = setUp();
    const call = client.start(pathOf("Chat"));
    call.send(bytes("ok"));
    router.run();
    call.sendBytes(Uint8Array.of(0, 0, 0, 0, 9, 1), true);
    router.run();
    expect(call.status?.code).toBe(13);
    expect(instance.calls.at(-1)).toMatchObject({ cancel: 1 });
  });

  test("may be missing: the half close comes alone", () => {
    const { router, instance, client } = setUp();
    client.start(pathOf("Get"), { endStream: true });
    const call = client.start(pathOf("Get"));
    router.run();
    call.halfClose();
    router.run();
    expect(instance.calls.map((frame) => [frame.payloadNumber, frame.halfClose])).toEqual([
      [0, true],
      [0, true],
    ]);
  });
});
