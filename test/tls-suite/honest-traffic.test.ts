// SPDX-License-Identifier: Apache-2.0
// The counter-test of the key update flood: whatever honest peers send is data, and no overhead.
import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import type { ListenerStats } from "@grpc-router/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { createCertificate } from "../harness/certificate.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { StreamingOutputCallRequestSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const { method } = TestService;
const tls = createCertificate();
/** Longer than two looks at what records carried. */
const trafficMs = 5_000;

let stack: Stack;
let client: ReturnType<typeof createGrpcJsClient>;
beforeAll(async () => {
  stack = await startStack({ services: ["test"], tls, listenerLimits: { tlsOverheadBytes: 1_024 }, linked: true });
  client = createGrpcJsClient(`${stack.host}:${stack.port}`, { ca: readFileSync(tls.cert, "utf8") });
});
afterAll(async () => {
  client?.close();
  await stack?.stop();
});

test.each([
  { what: "large messages", bodyBytes: 100_000, pauseMs: 10 },
  { what: "tiny messages, each in a record of its own", bodyBytes: 1, pauseMs: 2 },
])("$what are never cut off", async ({ bodyBytes, pauseMs }) => {
  const { stream, outcome } = client.start(method.fullDuplexCall);
  const payload = { body: new Uint8Array(bodyBytes) };
  const untilMs = performance.now() + trafficMs;
  let sent = 0;
  while (performance.now() < untilMs) {
    stream.write(create(StreamingOutputCallRequestSchema, { payload, responseParameters: [{ size: 1 }] }));
    sent++;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  stream.end();
  const { code, details, messages } = await outcome;
  expect({ code, received: messages.length }, details).toEqual({ code: grpc.status.OK, received: sent });
  const { limitHits } = await stack.router.link.ask<ListenerStats>("listener");
  expect(limitHits.tlsOverheadBytes).toBe(0);
});
