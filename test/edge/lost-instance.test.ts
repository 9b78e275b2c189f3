// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { decodeStatusDetails } from "@grpc-router/protocol";
import { describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { startStack } from "../harness/stack.ts";
import {
  EmptySchema,
  SimpleRequestSchema,
  StreamingOutputCallRequestSchema,
} from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const { method } = TestService;

describe("kill -9 of an instance", () => {
  test("ends a running call at once, UNAVAILABLE with execution started", async () => {
    const stack = await startStack({ services: ["test"] });
    const client = createGrpcJsClient(`${stack.host}:${stack.port}`);
    const { stream, outcome } = client.start(method.fullDuplexCall);
    const first = new Promise((resolve) => stream.once("data", resolve));
    stream.write(create(StreamingOutputCallRequestSchema, { responseParameters: [{ size: 1 }] }));
    await first;
    const killed = Date.now();
    process.kill(stack.instances[0]?.pid ?? 0, "SIGKILL");
    const ended = await outcome;
    expect(Date.now() - killed).toBeLessThan(2_000);
    expect(ended.code).toBe(grpc.status.UNAVAILABLE);
    const status = decodeStatusDetails(ended.trailer.get("grpc-status-details-bin")[0] as Buffer);
    expect(status?.errorInfo).toMatchObject({ reason: "INSTANCE_LOST", metadata: { execution: "started" } });
    client.close();
    await stack.stop();
  });

  test("leaves calls going on with the others, idempotent ones without a failure", async () => {
    const stack = await startStack({ services: ["test"], instances: 3 });
    const client = createGrpcJsClient(`${stack.host}:${stack.port}`);
    let stopped = false;
    const codes = new Map<grpc.status, number>();
    const callers = Array.from({ length: 8 }, async () => {
      while (!stopped) {
        const { code } = await client.call(method.cacheableUnaryCall, [
          create(SimpleRequestSchema, { responseSize: 10 }),
        ]);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    });
    await sleep(300);
    process.kill(stack.instances[1]?.pid ?? 0, "SIGKILL");
    await sleep(700);
    stopped = true;
    await Promise.all(callers);
    expect([...codes.keys()]).toEqual([grpc.status.OK]);
    expect((await client.call(method.emptyCall, [create(EmptySchema)])).code).toBe(grpc.status.OK);
    client.close();
    await stack.stop();
  });
});
