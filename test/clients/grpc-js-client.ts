// SPDX-License-Identifier: Apache-2.0
import { type DescMessage, type DescMethod, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";

/** What one call gave, whatever its kind. */
export interface Outcome<O> {
  readonly messages: O[];
  readonly code: grpc.status;
  readonly details: string;
  readonly header: grpc.Metadata | undefined;
  readonly trailer: grpc.Metadata;
}

/** The options of one call. */
export interface CallOptions {
  readonly metadata?: grpc.Metadata;
  readonly options?: grpc.CallOptions;
}

type Kind<M extends DescMethod> = { method: M; input: MessageShape<M["input"]>; output: MessageShape<M["output"]> };

/** Options of a grpc-js channel, and the authority's certificate (PEM) for TLS. */
export interface GrpcJsOptions extends grpc.ClientOptions {
  readonly ca?: string;
}

/** A grpc-js client without generated code: methods come from protobuf-es descriptors. */
export function createGrpcJsClient(address: string, { ca, ...options }: GrpcJsOptions = {}) {
  const { createInsecure, createSsl } = grpc.credentials;
  const client = new grpc.Client(address, ca === undefined ? createInsecure() : createSsl(Buffer.from(ca)), options);

  /** Starts a call of any kind; requests are written as given, `end` half-closes. */
  function start<M extends DescMethod>(
    method: M,
    { metadata = new grpc.Metadata(), options: callOptions = {} }: CallOptions = {},
  ) {
    const stream = client.makeBidiStreamRequest(
      `/${method.parent.typeName}/${method.name}`,
      (message: Kind<M>["input"]) => Buffer.from(toBinary(method.input as DescMessage, message)),
      (bytes: Buffer) => fromBinary(method.output as DescMessage, bytes) as Kind<M>["output"],
      metadata,
      callOptions,
    );
    return { stream, outcome: collect<Kind<M>["output"]>(stream) };
  }

  /** Makes a whole call: all requests, half close, all answers. */
  function call<M extends DescMethod>(method: M, requests: readonly Kind<M>["input"][], options: CallOptions = {}) {
    const { stream, outcome } = start(method, options);
    for (const request of requests) stream.write(request);
    stream.end();
    return outcome;
  }

  return { client, start, call, close: () => client.close() };
}

function collect<O>(stream: grpc.ClientReadableStream<O>): Promise<Outcome<O>> {
  const messages: O[] = [];
  let header: grpc.Metadata | undefined;
  stream.on("metadata", (metadata) => {
    header = metadata;
  });
  stream.on("data", (message: O) => messages.push(message));
  stream.on("error", () => {}); // the status event tells the same
  return new Promise((resolve) => {
    stream.on("status", ({ code, details, metadata }) =>
      resolve({ messages, code, details, header, trailer: metadata }),
    );
  });
}
