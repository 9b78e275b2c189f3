// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { TestRouter } from "../test-kit/test-router.suite.js";
import { numbers, pathOf } from "../test-kit/test-service.suite.js";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a unary call", () => {
  test("is one frame each way", () => {
    const router = new TestRouter();
    const instance = router.instance();
    const { client } = router.connect();
    const call = client.unary(pathOf("Get"), bytes("hello"), {
      metadata: [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
      timeout: "1500m",
    });
    router.run();
    expect(instance.calls).toHaveLength(1);
    const [frame] = instance.calls;
    expect(frame).toMatchObject({ callId: 1, halfClose: true, payloadNumber: numbers.Get, payload: bytes("hello") });
    expect(frame?.start).toMatchObject({
      method: numbers.Get,
      timeoutUs: 1_500_000n,
      authority: "router.test",
      attempt: 0,
    });
    expect(frame?.start?.metadata.map(({ name, value }) => [name, new TextDecoder().decode(value)])).toEqual([
      ["x-a", "1"],
      ["x-a", "2"],
    ]);
    instance.reply(1, "Get", bytes("world"));
    router.run();
    expect(call.status).toMatchObject({ code: 0 });
    expect(call.messages.map((message) => message.bytes)).toEqual([bytes("world")]);
    expect(call.headValues("content-type")).toEqual(["application/grpc"]);
    expect(call.closed).toBe(true);
    expect(call.reset).toBeUndefined();
    expect(router.core.instances()[0]).toMatchObject({ openCalls: 0, totalCalls: 1, state: "serving" });
  });

  test("keeps metadata, trailers, details and a Trailers-Only answer as they are", () => {
    const router = new TestRouter();
    const instance = router.instance();
    const { client } = router.connect();
    const call = client.unary(pathOf("Get"), bytes("a"));
    const failed = client.unary(pathOf("Get"), bytes("b"));
    router.run();
    instance.send({
      head: {
        callId: 1n,
        header: { metadata: [{ name: "x-h", value: bytes("1") }], encoding: "identity", acceptEncoding: "gzip" },
        end: {
          trailers: [
            { name: "x-t-bin", value: bytes("AAE") },
            { name: "x-t", value: bytes("2") },
          ],
        },
      },
      member: [numbers.Get, bytes("")],
    });
    instance.end(2, {
      code: 5,
      message: "no%20such",
      details: bytes("\x08\x05"),
      trailers: [{ name: "x-f", value: bytes("3") }],
    });
    router.run();
    expect(call.status?.code).toBe(0);
    expect(call.messages).toHaveLength(1);
    expect(call.headValues("x-h")).toEqual(["1"]);
    expect(call.headValues("grpc-encoding")).toEqual(["identity"]);
    expect(call.headValues("grpc-accept-encoding")).toEqual(["gzip"]);
    expect(call.trailerValues("x-t-bin")).toEqual(["AAE"]);
    expect(call.trailerValues("x-t")).toEqual(["2"]);
    expect(failed.trailersOnly).toBe(true);
    expect(failed.status).toMatchObject({ code: 5, message: "no such", details: { code: 5 } });
    expect(failed.trailerValues("x-f")).toEqual(["3"]);
  });
});
