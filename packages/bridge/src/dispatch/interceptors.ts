// SPDX-License-Identifier: Apache-2.0

import {
  create,
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  type Message,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type HandlerContext,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import type { CallContext } from "./call-context.js";
import type { MethodRun } from "./served-method.js";
import { mayFailUnseen } from "./thenable.js";

type AnyFn = ReturnType<Interceptor>;
type AnyRequest = UnaryRequest | StreamRequest;

/**
 * Puts Connect interceptors around a method's code; the first of them is the outermost, and each may change message,
 * header, trailer, signal and values. Without interceptors `run` comes back as it is: the plain path stays plain.
 */
export function withInterceptors(method: DescMethod, run: MethodRun, interceptors: readonly Interceptor[]): MethodRun {
  if (interceptors.length === 0) return run;
  if (isUnary(method)) return (message, context) => runUnary({ method, run, interceptors }, message, context);
  // What is not unary is streaming; `DescMethod` is no union that would tell.
  const around = { method: method as DescMethodStreaming, run, interceptors };
  if (method.methodKind === "client_streaming") {
    return (input, context) => single(runStream(around, input, context), "response");
  }
  return (input, context) => runStream(around, input, context);
}

interface Around<Method extends DescMethod> {
  readonly method: Method;
  readonly run: MethodRun;
  readonly interceptors: readonly Interceptor[];
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

async function runUnary(
  { method, run, interceptors }: Around<DescMethodUnary>,
  message: Message | AsyncIterable<Message>,
  context: CallContext,
): Promise<Message> {
  const innermost: AnyFn = async (request) => {
    const output = await run(request.message, contextFor(context, request));
    return { ...responseParts(context), stream: false, method, message: create(method.output, asInit(output)) };
  };
  // A unary method's request is its message, which the caller of `run` has decoded with the method's input type.
  const request: UnaryRequest = { ...requestParts(context), stream: false, method, message: message as Message };
  const response = (await wrap(innermost, interceptors)(request)) as UnaryResponse;
  keepMetadata(context, response);
  return response.message;
}

async function* runStream(
  { method, run, interceptors }: Around<DescMethodStreaming>,
  input: Message | AsyncIterable<Message>,
  context: CallContext,
): AsyncGenerator<Message> {
  const innermost: AnyFn = async (request) => {
    const inner = contextFor(context, request);
    const messages = request.message as AsyncIterable<Message>;
    const readsOne = method.methodKind === "server_streaming";
    const output = run(readsOne ? await single(messages, "request") : messages, inner);
    // The one message of a client stream is waited for when it is read, which an interceptor may never do, or too late.
    mayFailUnseen(output);
    const message = method.methodKind === "client_streaming" ? one(method, output) : many(method, output);
    return { ...responseParts(context), stream: true, method, message };
  };
  const message = method.methodKind === "server_streaming" ? just(input as Message) : (input as AsyncIterable<Message>);
  const request: StreamRequest = { ...requestParts(context), stream: true, method, message };
  const response = (await wrap(innermost, interceptors)(request)) as StreamResponse;
  copyHeaders(response.header, context.responseHeader);
  yield* response.message;
  copyHeaders(response.trailer, context.responseTrailer);
}

function wrap(innermost: AnyFn, interceptors: readonly Interceptor[]): AnyFn {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), innermost);
}

function requestParts(context: CallContext) {
  return {
    service: context.service,
    requestMethod: context.requestMethod,
    url: context.url,
    signal: context.signal,
    header: context.requestHeader,
    contextValues: context.values,
  };
}

function responseParts(context: CallContext) {
  return { service: context.service, header: context.responseHeader, trailer: context.responseTrailer };
}

function keepMetadata(context: CallContext, response: UnaryResponse): void {
  copyHeaders(response.header, context.responseHeader);
  copyHeaders(response.trailer, context.responseTrailer);
}

/** What the handler sees: what the interceptors made of the request, and the rest of its context. */
function contextFor(context: CallContext, request: AnyRequest): CallContext {
  const isUnchanged =
    request.header === context.requestHeader &&
    request.signal === context.signal &&
    request.contextValues === context.values;
  return isUnchanged ? context : changed(context, request);
}

function changed(context: CallContext, request: AnyRequest): CallContext {
  const own: Pick<HandlerContext, "requestHeader" | "signal" | "values"> = {
    requestHeader: request.header,
    signal: request.signal,
    values: request.contextValues,
  };
  return new Proxy(context, {
    // The target is the receiver: its getters read private fields, which a proxy does not have.
    get: (target, name) => (Object.hasOwn(own, name) ? Reflect.get(own, name) : Reflect.get(target, name, target)),
  });
}

function copyHeaders(from: Headers, to: Headers): void {
  if (from === to) return;
  for (const name of [...to.keys()]) to.delete(name);
  for (const [name, value] of from) to.append(name, value);
}

async function* just(message: Message): AsyncGenerator<Message> {
  yield message;
}

async function* one(method: DescMethodStreaming, output: unknown): AsyncGenerator<Message> {
  yield create(method.output, asInit(await output));
}

async function* many(method: DescMethodStreaming, output: unknown): AsyncGenerator<Message> {
  for await (const message of output as AsyncIterable<unknown>) yield create(method.output, asInit(message));
}

/** `create` checks the initializer itself: user code is typed, and what it returns otherwise ends as its error. */
function asInit(message: unknown): Message {
  return message as Message;
}

async function single(messages: AsyncIterable<Message>, what: "request" | "response"): Promise<Message> {
  let found: Message | undefined;
  for await (const message of messages) {
    if (found !== undefined) throw cardinality(`one ${what} message, received a second one`);
    found = message;
  }
  if (found === undefined) throw cardinality(`one ${what} message, received none`);
  return found;
}

function cardinality(text: string): ConnectError {
  return new ConnectError(`the method takes ${text}`, Code.Unimplemented);
}
