// SPDX-License-Identifier: Apache-2.0
// A router that has had calls of all kinds of ends, for tests of what it tells of them.
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import type { PolicyLayer } from "@grpc-router/protocol";
import { createSelfSigned } from "@grpc-router/testing";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { createRawClient } from "../harness/raw-call.ts";
import { EmptySchema, SimpleRequestSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

/** What each call asks of the router. */
const policies: PolicyLayer = {
  source: "test",
  service: {
    retryThrottling: { maxTokens: 10, tokenRatio: 1 },
    outlierDetection: { consecutiveFailures: 100 },
    defaults: { circuitBreaker: { consecutiveFailures: 100 } },
  },
  methods: {
    cacheableUnaryCall: {
      retry: {
        maxAttempts: 2,
        initialBackoffMs: 1,
        maxBackoffMs: 1,
        backoffMultiplier: 1,
        retryableStatusCodes: [grpc.status.UNAVAILABLE],
      },
    },
  },
};

/** Messages of this size go each way, for `goodCalls`. */
export const bodyBytes = 5_000;
export const goodCalls = 20;

/** How long the certificate of its listener is good: long enough for no alert. */
export const certificateMs = 90 * 86_400_000;

/** Starts a router with an instance, and lets it have its calls: good ones, a failed one that is tried again, one of a path that leads nowhere. */
export async function startWithTraffic(): Promise<InProcess> {
  const own = createSelfSigned(["127.0.0.1"], { validMs: certificateMs });
  const router = await startInProcess({
    // One of its listeners has a certificate, whose end is a metric.
    registrationTls: { serve: own, dial: { ca: own.cert } },
    router: { policies: new Map([[TestService.typeName, policies]]), metrics: { instanceLabels: ["version"] } },
    bridge: { labels: { version: 'two "quoted"' } },
  });
  const client = createGrpcJsClient(router.address);
  const { method } = TestService;
  const request = create(SimpleRequestSchema, {
    payload: { body: new Uint8Array(bodyBytes) },
    responseSize: bodyBytes,
  });
  for (let round = 0; round < goodCalls; round++) await client.call(method.unaryCall, [request]);
  const failing = create(SimpleRequestSchema, { responseStatus: { code: grpc.status.UNAVAILABLE, message: "no" } });
  await client.call(method.cacheableUnaryCall, [failing]);
  await client.call(method.emptyCall, [create(EmptySchema)]);
  client.close();
  const raw = createRawClient(router.url);
  await raw.call("/no.such.Service/Method");
  raw.close();
  return router;
}
