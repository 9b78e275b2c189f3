// SPDX-License-Identifier: Apache-2.0

import {
  type DescMethod,
  type DescMethodStreaming,
  fromJsonString,
  type MessageShape,
  type Registry,
  toJsonString,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { usageError } from "../cli-error.js";
import { formatHeaders } from "./headers.js";
import { splitJsonValues } from "./json-values.js";

/** One call, of any kind. */
export interface CallRequest {
  readonly method: DescMethod;
  /** Types that Any values in requests and responses may hold. */
  readonly registry: Registry;
  /** JSON values one after the other, a message each. */
  readonly data: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

/** Where the answer goes. */
export interface CallOutput {
  /** One response message as a line of JSON. */
  message(line: string): void;
  /** Response headers and trailers as lines. */
  metadata(lines: string): void;
}

/**
 * Makes the call and hands each response over as it comes.
 *
 * @throws CliError when a request cannot be read; ConnectError when the call fails.
 */
export async function performCall(transport: Transport, request: CallRequest, output: CallOutput): Promise<void> {
  const { method, registry } = request;
  const faults: Error[] = [];
  const messages = readRequests(request, faults);
  try {
    // On the wire all four kinds are alike; the kind only says how many messages there are.
    const asStream = method as DescMethodStreaming;
    const response = await transport.stream(asStream, request.signal, request.timeoutMs, request.headers, messages);
    output.metadata(formatHeaders(response.header, "<"));
    for await (const message of response.message) {
      output.message(toJsonString(method.output, message, { registry, alwaysEmitImplicit: false }));
    }
    output.metadata(formatHeaders(response.trailer, "<"));
  } catch (error) {
    // A request that cannot be read cancels the call; what was wrong is in the request.
    throw faults[0] ?? error;
  }
}

async function* readRequests(
  { method, registry, data }: CallRequest,
  faults: Error[],
): AsyncGenerator<MessageShape<typeof method.input>> {
  const single = method.methodKind === "unary" || method.methodKind === "server_streaming";
  let count = 0;
  try {
    for await (const text of splitJsonValues(data)) {
      if (single && count > 0)
        throw usageError(`Cannot call ${method.name}: it takes one message, received more in -d`);
      count++;
      yield parseMessage(method, text, registry);
    }
    if (single && count === 0) yield parseMessage(method, "{}", registry);
  } catch (error) {
    if (error instanceof Error) faults.push(error);
    throw error;
  }
}

function parseMessage(method: DescMethod, text: string, registry: Registry): MessageShape<typeof method.input> {
  try {
    return fromJsonString(method.input, text, { registry });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(`Cannot read -d as ${method.input.typeName}: ${reason}`, error);
  }
}
