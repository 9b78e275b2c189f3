// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import { recordLoad } from "@grpc-router/node";
import type {
  EchoStatus,
  SimpleRequest,
  StreamingOutputCallRequest,
  TestOrcaReport,
} from "./gen/grpc/testing/messages_pb.ts";
import type { TestService } from "./gen/grpc/testing/test_pb.ts";

/** The gRPC interop test service; UnimplementedCall is left out, as the test cases ask. */
export const testService: Partial<ServiceImpl<typeof TestService>> = {
  emptyCall(_request, context) {
    echoMetadata(context);
    return {};
  },

  unaryCall: answerUnary,
  cacheableUnaryCall: answerUnary,

  async *streamingOutputCall(request, context) {
    echoMetadata(context);
    yield* answers(request, context);
    throwStatus(request.responseStatus);
  },

  async streamingInputCall(requests, context) {
    echoMetadata(context);
    let aggregatedPayloadSize = 0;
    for await (const request of requests) aggregatedPayloadSize += request.payload?.body.length ?? 0;
    return { aggregatedPayloadSize };
  },

  async *fullDuplexCall(requests, context) {
    echoMetadata(context);
    for await (const request of requests) {
      throwStatus(request.responseStatus);
      yield* answers(request, context);
    }
  },

  async *halfDuplexCall(requests, context) {
    echoMetadata(context);
    const received: StreamingOutputCallRequest[] = [];
    for await (const request of requests) received.push(request);
    for (const request of received) yield* answers(request, context);
  },
};

function answerUnary(request: SimpleRequest, context: HandlerContext) {
  echoMetadata(context);
  throwStatus(request.responseStatus);
  reportLoad(request.orcaPerQueryReport, context);
  return { payload: { body: new Uint8Array(request.responseSize) } };
}

async function* answers(request: StreamingOutputCallRequest, context: HandlerContext) {
  for (const wanted of request.responseParameters) {
    if (wanted.intervalUs > 0) await sleep(wanted.intervalUs / 1000, undefined, { signal: context.signal });
    yield { payload: { body: new Uint8Array(wanted.size) } };
  }
}

/** custom_metadata wants its two keys back: one as header, the binary one as trailer. */
function echoMetadata(context: HandlerContext): void {
  const initial = context.requestHeader.get("x-grpc-test-echo-initial");
  if (initial !== null) context.responseHeader.set("x-grpc-test-echo-initial", initial);
  const trailing = context.requestHeader.get("x-grpc-test-echo-trailing-bin");
  if (trailing !== null) context.responseTrailer.set("x-grpc-test-echo-trailing-bin", trailing);
}

/** orca_per_rpc wants the load back that it sends. */
function reportLoad(report: TestOrcaReport | undefined, context: HandlerContext): void {
  if (report === undefined) return;
  const { cpuUtilization, memoryUtilization: memUtilization, requestCost, utilization } = report;
  recordLoad(context, { cpuUtilization, memUtilization, requestCost, utilization });
}

function throwStatus(status: EchoStatus | undefined): void {
  if (status !== undefined && status.code !== 0) throw new ConnectError(status.message, status.code);
}
