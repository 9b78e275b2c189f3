// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { numbers, pathOf, serviceName, testServiceRouter } from "../test-kit/test-service.suite.js";
import { bytes, pattern, text } from "../test-kit/text.suite.js";

function setUp(options: TestRouterOptions = {}) {
  const router = new TestRouter(options);
  const instance = router.instance();
  const { client } = router.connect();
  router.run();
  return { router, instance, client };
}

const post = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", "a"],
] as const;

describe("a request that is no call", () => {
  const cases: readonly [
    name: string,
    fields: readonly (readonly [string, string])[],
    httpStatus: number,
    grpcStatus: string | undefined,
  ][] = [
    [
      "of another content type",
      [...post, [":path", pathOf("Get")], ["content-type", "application/json"]],
      415,
      undefined,
    ],
    [
      "of grpc-web",
      [...post, [":path", pathOf("Get")], ["content-type", "application/grpc-web+proto"]],
      415,
      undefined,
    ],
    ["without a content type", [...post, [":path", pathOf("Get")]], 415, undefined],
    [
      "that is a GET",
      [[":method", "GET"], ...post.slice(1), [":path", pathOf("Get")], ["content-type", "application/grpc"]],
      405,
      "13",
    ],
    [
      "to an unknown path",
      [...post, [":path", "/acme.test.v1.TestService/Nothing"], ["content-type", "application/grpc"]],
      200,
      "12",
    ],
    [
      "to a path without its slash",
      [...post, [":path", "//acme.test.v1.TestService/Get"], ["content-type", "application/grpc"]],
      200,
      "12",
    ],
    [
      "to a path in other case",
      [...post, [":path", "/acme.test.v1.testservice/get"], ["content-type", "application/grpc"]],
      200,
      "12",
    ],
    [
      "to a path with a query",
      [...post, [":path", `${pathOf("Get")}?a`], ["content-type", "application/grpc"]],
      200,
      "12",
    ],
  ];
  for (const [name, fields, httpStatus, grpcStatus] of cases) {
    for (const endStream of [true, false]) {
      test(`${name} is answered ${httpStatus}${endStream ? "" : ", its body unread"}`, () => {
        const { router, instance, client } = setUp();
        const call = client.request(fields, endStream);
        if (!endStream) call.sendBytes(bytes("body"));
        router.run();
        expect(call.httpStatus).toBe(httpStatus);
        expect((call.head ?? call.trailers)?.find(([field]) => field === "grpc-status")?.[1]).toBe(grpcStatus);
        expect(call.closed).toBe(true);
        expect(instance.calls).toHaveLength(0);
      });
    }
  }

  test("to an unknown path is told what is served", () => {
    const { router, client } = setUp();
    const call = client.unary("/acme.test.v1.Other/Get", bytes("a"));
    router.run();
    expect(call.status?.message).toBe(
      `Cannot call /acme.test.v1.Other/Get: it must be a method that is served here, ${serviceName} (METHOD_UNKNOWN)`,
    );
  });
});

describe("a probe", () => {
  const get = (path: string, method = "GET") =>
    [
      [":method", method],
      [":scheme", "http"],
      [":path", path],
      [":authority", "a"],
    ] as const;

  test("of /live is 200, of /ready 200 while an instance serves", () => {
    const { router, instance, client } = setUp();
    const calls = [
      client.request(get("/live"), true),
      client.request(get("/ready"), true),
      client.request(get("/ready", "POST"), true),
    ];
    router.run();
    expect(calls.map((call) => call.httpStatus)).toEqual([200, 200, 200]);
    instance.peer.duplex.reset();
    router.run();
    const [live, ready, put] = [
      client.request(get("/live"), true),
      client.request(get("/ready"), true),
      client.request(get("/live", "PUT"), true),
    ];
    router.run();
    expect([live, ready, put].map((call) => call?.httpStatus)).toEqual([200, 503, 405]);
  });
});

describe("a request head", () => {
  test("gives the Start what the channel carries, in order, and nothing of HTTP", () => {
    const { router, instance, client } = setUp();
    client.unary(pathOf("Get"), bytes("a"), {
      metadata: [
        ["x-b", "2"],
        ["grpc-encoding", "gzip"],
        ["x-a", "1"],
        ["grpc-accept-encoding", "identity,gzip"],
        ["x-a", ""],
        ["user-agent", "test"],
        ["grpc-previous-rpc-attempts", "2"],
        ["grpc-trace-bin", "AAE"],
        ["content-length", "6"],
      ],
    });
    router.run();
    const start = instance.calls[0]?.start;
    expect(start?.metadata.map(({ name, value }) => [name, text(value)])).toEqual([
      ["x-b", "2"],
      ["x-a", "1"],
      ["x-a", ""],
      ["user-agent", "test"],
      ["grpc-trace-bin", "AAE"],
    ]);
    expect(start).toMatchObject({
      encoding: "gzip",
      acceptEncoding: "identity,gzip",
      authority: "router.test",
      attempt: 2,
      subtype: "",
      timeoutUs: 0n,
    });
  });

  test("of a repeated kind is read alike from the wire, the table and the cache", () => {
    const { router, instance, client } = setUp();
    for (let count = 0; count < 5; count++)
      client.unary(pathOf("Get"), bytes("a"), { timeout: "1500m", metadata: [["x-a", "1"]] });
    router.run();
    const [first, ...others] = instance.calls.map((frame) => frame.start);
    expect(others).toHaveLength(4);
    for (const other of others) expect(other).toEqual(first);
  });

  test("is copied before the next one comes, when its message comes later", () => {
    const { router, instance, client } = setUp();
    const calls = ["1", "2", "3"].map((value) => client.start(pathOf("Get"), { metadata: [["x-call", value]] }));
    for (const [index, call] of calls.entries()) call.send(bytes(String(index + 1)), { halfClose: true });
    router.run();
    expect(instance.calls.map((frame) => [text(frame.payload), text(frame.start?.metadata[0]?.value)])).toEqual([
      ["1", "1"],
      ["2", "2"],
      ["3", "3"],
    ]);
  });

  test("with a timeout that is none is refused", () => {
    const { router, instance, client } = setUp();
    const call = client.unary(pathOf("Get"), bytes("a"), { timeout: "1x" });
    router.run();
    expect(call.status).toMatchObject({ code: 13, details: { errorInfo: { reason: "BAD_MESSAGE" } } });
    expect(instance.calls).toHaveLength(0);
  });

  test("with more metadata than the channel carries is refused", () => {
    const { router, client } = setUp();
    const call = client.unary(pathOf("Get"), bytes("a"), {
      metadata: Array.from({ length: 93 }, (_, at) => [`x-${at}`, "v".repeat(150)] as const),
    });
    router.run();
    expect(call.status?.code ?? call.httpStatus).not.toBe(0);
  });

  test("answers with the content type of the request", () => {
    const { router, instance, client } = setUp();
    const types = ["application/grpc", "application/grpc+proto", "application/grpc+json"];
    const calls = types.map((contentType) => client.unary(pathOf("Get"), bytes("a"), { contentType }));
    router.run();
    instance.reply(1, "Get", bytes("r")).reply(2, "Get", bytes("r")).reply(3, "Get", bytes("r"));
    router.run();
    expect(calls.map((call) => call.headValues("content-type")[0])).toEqual(types);
    const failed = client.unary(pathOf("Get"), bytes("a"), { contentType: "application/grpc+json" });
    router.run();
    instance.end(4, { code: 5 });
    router.run();
    expect(failed.trailerValues("content-type")).toEqual(["application/grpc+json"]);
    const unserved = client.unary("/a.B/C", bytes("a"), { contentType: "application/grpc+proto" });
    router.run();
    expect(unserved.trailerValues("content-type")).toEqual(["application/grpc+proto"]);
  });
});

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
