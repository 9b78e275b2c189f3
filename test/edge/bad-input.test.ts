// SPDX-License-Identifier: Apache-2.0
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { decodeStatusDetails } from "@grpc-router/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { EmptySchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

let router: InProcess;
beforeAll(async () => {
  router = await startInProcess();
});
afterAll(() => router.stop());

describe("bytes that are not HTTP/2", () => {
  const foreign = [
    {
      name: "an HTTP/1.1 request",
      bytes: "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      answer: /^HTTP\/1\.1 (505|426) .*HTTP\/2/s,
    },
    { name: "a TLS client hello", bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", answer: /.*/s },
    { name: "garbage", bytes: "garbage that is long enough to be no preface at all\n", answer: /.*/s },
  ];
  test.each(foreign)("$name is refused at once and logged once", async ({ bytes, answer }) => {
    const before = router.routerLog.lines.length;
    expect(await exchange(bytes)).toMatch(answer);
    await expect.poll(() => router.routerLog.lines.length).toBe(before + 1);
  });
});

describe("HTTP/2 requests that are not gRPC", () => {
  const requests = [
    {
      name: "another content-type",
      headers: {
        ":method": "POST",
        ":path": "/grpc.testing.TestService/EmptyCall",
        "content-type": "application/json",
      },
      status: 415,
    },
    {
      name: "another method",
      headers: { ":method": "GET", ":path": "/grpc.testing.TestService/EmptyCall", "content-type": "application/grpc" },
      status: 405,
    },
    { name: "GET /live", headers: { ":method": "GET", ":path": "/live" }, status: 200 },
    { name: "GET /ready", headers: { ":method": "GET", ":path": "/ready" }, status: 200 },
  ];
  test.each(requests)("$name gives $status", async ({ headers, status }) => {
    expect((await ask(headers))[":status"]).toBe(status);
  });

  test.each([
    "/grpc.testing.TestService/emptyCall",
    "grpc.testing.TestService/EmptyCall",
    "//grpc.testing.TestService/EmptyCall",
    "/grpc.testing.TestService/EmptyCall/",
    "/grpc.testing.TestService/EmptyCall?x=1",
    "/",
  ])("path %s is not the method", async (path) => {
    const headers = await ask({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
    expect(headers["grpc-status"]).toBe(`${grpc.status.UNIMPLEMENTED}`);
  });
});

test("without an instance a call is UNAVAILABLE at once and says what to do", async () => {
  const empty = await startInProcess({ instances: {} });
  const client = createGrpcJsClient(empty.address);
  const outcome = await client.call(TestService.method.emptyCall, [create(EmptySchema)]);
  expect(outcome.code).toBe(grpc.status.UNAVAILABLE);
  expect(outcome.details).toContain("No instance of grpc.testing.TestService");
  const status = decodeStatusDetails(outcome.trailer.get("grpc-status-details-bin")[0] as Buffer);
  expect(status?.errorInfo).toMatchObject({ reason: "NO_INSTANCE", domain: "grpcrouter" });
  client.close();
  await empty.stop();
});

function exchange(bytes: string): Promise<string> {
  const [host = "", port = "0"] = router.address.split(":");
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(Number(port), host, () => socket.write(bytes, "latin1"));
    socket.setEncoding("latin1").on("data", (text: string) => {
      received += text;
    });
    socket.setTimeout(5_000, () => reject(new Error("the router did not close the connection")));
    socket.once("close", () => resolve(received));
    socket.once("error", () => resolve(received));
  });
}

function ask(headers: Record<string, string>): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(router.url);
    const request = session.request(headers);
    request.once("response", (received) => {
      resolve(received);
      session.destroy();
    });
    request.once("error", reject);
    request.end();
  });
}
