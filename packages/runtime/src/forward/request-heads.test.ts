// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { pathOf, serviceName } from "../test-kit/test-service.suite.js";
import { bytes, text } from "../test-kit/text.suite.js";

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
