// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { create, type Message } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type ConformanceService,
  type Error as ErrorDefinition,
  type Header,
  HeaderSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "./gen/connectrpc/conformance/v1/service_pb.ts";

/** The suite's service; Unimplemented is left out, as the suite asks. */
export const conformanceService: Partial<ServiceImpl<typeof ConformanceService>> = {
  async unary(request, context) {
    const info = requestInfo(context, [anyPack(UnaryRequestSchema, request)]);
    return { payload: await answerOnce(request.responseDefinition, info, context) };
  },

  async *serverStream(request, context) {
    const info = requestInfo(context, [anyPack(ServerStreamRequestSchema, request)]);
    const definition = request.responseDefinition;
    if (definition === undefined) return;
    setMetadata(definition, context);
    yield* answerAll(definition, info, context);
    throwError(definition.error, definition.responseData.length === 0 ? info : undefined);
  },

  async clientStream(requests, context) {
    const received: Any[] = [];
    let definition: UnaryResponseDefinition | undefined;
    for await (const request of requests) {
      if (received.length === 0) definition = request.responseDefinition;
      received.push(anyPack(ClientStreamRequestSchema, request));
    }
    return { payload: await answerOnce(definition, requestInfo(context, received), context) };
  },

  async *bidiStream(requests, context) {
    let received: Any[] = [];
    let definition: StreamResponseDefinition | undefined;
    let fullDuplex = false;
    let first = true;
    let sent = 0;
    for await (const request of requests) {
      received.push(anyPack(BidiStreamRequestSchema, request));
      if (first) {
        first = false;
        definition = request.responseDefinition;
        fullDuplex = request.fullDuplex;
        if (definition !== undefined) setMetadata(definition, context);
      }
      if (!fullDuplex) continue;
      const data = definition?.responseData[sent];
      if (definition === undefined || data === undefined) break;
      const info = sent === 0 ? requestInfo(context, received) : bareInfo(received);
      received = [];
      sent += 1;
      await pause(definition.responseDelayMs, context);
      yield { payload: { data, requestInfo: info } };
    }
    if (definition === undefined) return;
    const info = sent === 0 ? requestInfo(context, received) : undefined;
    yield* answerAll(definition, info, context, sent);
    throwError(definition.error, definition.responseData.length === 0 ? info : undefined);
  },
};

async function answerOnce(
  definition: UnaryResponseDefinition | undefined,
  info: ConformancePayload_RequestInfo,
  context: HandlerContext,
) {
  if (definition === undefined) return { requestInfo: info };
  setMetadata(definition, context);
  await pause(definition.responseDelayMs, context);
  if (definition.response.case === "error") throwError(definition.response.value, info);
  const data = definition.response.case === "responseData" ? definition.response.value : new Uint8Array(0);
  return { data, requestInfo: info };
}

/** The messages from `sent` on; the first of the stream tells what was seen of the request. */
async function* answerAll(
  definition: StreamResponseDefinition,
  info: ConformancePayload_RequestInfo | undefined,
  context: HandlerContext,
  sent = 0,
) {
  for (let index = sent; index < definition.responseData.length; index++) {
    const data = definition.responseData[index] ?? new Uint8Array(0);
    await pause(definition.responseDelayMs, context);
    yield { payload: index === 0 && info !== undefined ? { data, requestInfo: info } : { data } };
  }
}

async function pause(delayMs: number, context: HandlerContext): Promise<void> {
  if (delayMs > 0) await sleep(delayMs, undefined, { signal: context.signal });
}

function setMetadata(
  definition: { readonly responseHeaders: Header[]; readonly responseTrailers: Header[] },
  context: HandlerContext,
): void {
  for (const { name, value } of definition.responseHeaders) {
    for (const one of value) context.responseHeader.append(name, one);
  }
  for (const { name, value } of definition.responseTrailers) {
    for (const one of value) context.responseTrailer.append(name, one);
  }
}

function throwError(error: ErrorDefinition | undefined, info: ConformancePayload_RequestInfo | undefined): void {
  if (error === undefined) return;
  const thrown = new ConnectError(error.message ?? "", error.code);
  thrown.details = error.details.map((detail) => ({
    type: detail.typeUrl.slice(detail.typeUrl.lastIndexOf("/") + 1),
    value: detail.value,
  }));
  if (info !== undefined) thrown.details.push({ desc: ConformancePayload_RequestInfoSchema, value: info });
  throw thrown;
}

function requestInfo(context: HandlerContext, requests: Any[]): ConformancePayload_RequestInfo {
  const info = bareInfo(requests);
  context.requestHeader.forEach((value, name) => {
    info.requestHeaders.push(create(HeaderSchema, { name, value: value.split(", ") }));
  });
  const timeoutMs = context.timeoutMs();
  if (timeoutMs !== undefined) info.timeoutMs = BigInt(Math.round(timeoutMs));
  return info;
}

function bareInfo(requests: Any[]): ConformancePayload_RequestInfo & Message {
  return create(ConformancePayload_RequestInfoSchema, { requests });
}
