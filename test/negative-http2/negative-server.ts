// SPDX-License-Identifier: Apache-2.0
import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { rawMessage } from "@grpc-router/testing";
import { listenOnLoopback } from "../harness/loopback.ts";
import { SimpleRequestSchema, SimpleResponseSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import type { NegativeCase } from "./negative-case.ts";
import { NegativeConnection } from "./negative-connection.ts";

/** A server that does one thing that clients of gRPC must bear. */
export interface NegativeServer {
  readonly port: number;
  /** All connections so far, in order. */
  readonly connections: readonly NegativeConnection[];
  close(): void;
}

export interface NegativeServerOptions {
  /** Error code of RST_STREAM. Default 0, as in gRPC's own server. */
  readonly resetCode?: number;
}

/** Bytes of the prefix of a gRPC message. */
const prefixBytes = 5;
/** How long a call takes in "max_streams": long enough for calls to meet if the client lets them. */
const workMs = 5;

/**
 * Starts the server of one case of gRPC's negative HTTP/2 interop tests, on the raw peer.
 *
 * @see https://github.com/grpc/grpc/blob/master/doc/negative-http2-interop-test-descriptions.md
 */
export async function startNegativeServer(
  name: NegativeCase,
  { resetCode = 0 }: NegativeServerOptions = {},
): Promise<NegativeServer> {
  const connections: NegativeConnection[] = [];
  const sockets = new Set<Socket>();
  const settings = { maxStreams: name === "max_streams" ? 1 : undefined, pings: name === "ping" };
  const server = createServer((socket) => {
    sockets.add(socket);
    const connection = new NegativeConnection(
      socket,
      settings,
      (...request) => void answer(name, resetCode, ...request),
    );
    connections.push(connection);
  });
  return { ...(await listenOnLoopback(server, sockets)), connections };
}

async function answer(
  name: NegativeCase,
  resetCode: number,
  connection: NegativeConnection,
  streamId: number,
  body: Uint8Array,
): Promise<void> {
  const response = responseTo(body);
  if (name === "max_streams") await sleep(workMs);
  connection.sendHead(streamId, [
    [":status", "200"],
    ["content-type", "application/grpc"],
  ]);
  if (name === "rst_after_header") {
    connection.reset(streamId, resetCode);
    return;
  }
  // In the middle of the first call, which goes on: only new ones must go elsewhere.
  if (name === "goaway" && streamId === 1) connection.goAway(streamId);
  const length = name === "rst_during_data" ? Math.floor(response.length / 2) : response.length;
  await connection.sendData(streamId, response.subarray(0, length));
  if (name.startsWith("rst_")) connection.reset(streamId, resetCode);
  else connection.sendHead(streamId, [["grpc-status", "0"]], true);
}

/** The response that the request in `body` asks for, with its prefix. */
function responseTo(body: Uint8Array): Uint8Array {
  const { responseSize } = fromBinary(SimpleRequestSchema, body.subarray(prefixBytes));
  const response = create(SimpleResponseSchema, { payload: { body: new Uint8Array(responseSize) } });
  return rawMessage(toBinary(SimpleResponseSchema, response));
}
