// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectionInfo, TracedConnection } from "@grpc-router/runtime";
import {
  type TraceFramesRequest,
  type TraceFramesResponse,
  TraceFramesResponseSchema,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { MAX_TRACE_MS, MAX_TRACES, TRACE_BATCH_MS } from "../limits.js";
import type { ConnectionVerbs } from "../serve/serve-router.js";
import { connectionMessage } from "./connection-messages.js";
import { msOf } from "./durations.js";
import { pause } from "./pause.js";
import { ReaderQueue } from "./reader-queue.js";

/** The traces of a router's connections. */
export interface FrameTraces {
  /** The frames of a connection, until `signal`. Throws ConnectError or RouterError for one that cannot be. */
  open(request: TraceFramesRequest, signal: AbortSignal): AsyncGenerator<TraceFramesResponse>;
}

/** Milliseconds of a trace unless said otherwise. */
const USUAL_MS = 10_000;

/** Traces of connections, a few at a time. */
export function createFrameTraces(server: { readonly connections: ConnectionVerbs }): FrameTraces {
  let count = 0;
  return {
    open: async function* ({ connection, duration }, signal) {
      const durationMs = validDuration(msOf(duration) ?? USUAL_MS);
      const info = findConnection(server.connections.list(), connection);
      if (count >= MAX_TRACES) {
        throw new ConnectError(
          `Cannot trace frames: ${MAX_TRACES} traces are open, which is the most. End one of them`,
          Code.FailedPrecondition,
        );
      }
      const queue = new ReaderQueue<string>();
      const push = (line: string): void => queue.push({ event: line, sizeBytes: 2 * line.length });
      const trace = server.connections.trace(info.id, push);
      count++;
      // A reader may go while a message waits to be sent, or not read it.
      signal.addEventListener("abort", trace.stop, { once: true });
      const timer = setTimeout(trace.stop, durationMs).unref();
      try {
        yield create(TraceFramesResponseSchema, { connection: connectionMessage(info) });
        yield* read({ trace, queue, untilMs: performance.now() + durationMs }, signal);
      } finally {
        signal.removeEventListener("abort", trace.stop);
        clearTimeout(timer);
        trace.stop();
        count--;
      }
    },
  };
}

interface Running {
  readonly trace: TracedConnection;
  readonly queue: ReaderQueue<string>;
  /** Of `performance.now()`. */
  readonly untilMs: number;
}

async function* read({ trace, queue, untilMs }: Running, signal: AbortSignal): AsyncGenerator<TraceFramesResponse> {
  while (!signal.aborted) {
    const { isOver: ended } = trace;
    const leftMs = untilMs - performance.now();
    const { events: lines, lost } = queue.take() ?? { events: [], lost: 0 };
    if (lines.length > 0 || ended) {
      yield create(TraceFramesResponseSchema, { lines: [...lines], lost: BigInt(lost), ended });
    }
    if (ended || leftMs <= 0) return;
    await pause(Math.min(leftMs, TRACE_BATCH_MS), signal);
  }
}

function validDuration(durationMs: number): number {
  if (durationMs >= 1 && durationMs <= MAX_TRACE_MS) return durationMs;
  throw new ConnectError(
    `Cannot trace frames: it must last 1 ms to ${MAX_TRACE_MS / 60_000} min, received ${durationMs} ms`,
    Code.InvalidArgument,
  );
}

function findConnection(all: readonly ConnectionInfo[], wanted: TraceFramesRequest["connection"]): ConnectionInfo {
  const found = all.filter((info) => matches(info, wanted));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const what = wanted.case === undefined ? "a connection" : `the ${WORDS[wanted.case]} ${wanted.value}`;
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(", ");
    throw new ConnectError(
      `Cannot trace ${what}: it has several connections. Give the number of one: ${ids}`,
      Code.InvalidArgument,
    );
  }
  if (wanted.case === undefined) {
    throw new ConnectError("Cannot trace frames: give a connection, an instance or a peer", Code.InvalidArgument);
  }
  throw new ConnectError(
    `Cannot trace ${what}: it must have an open connection. Those that are open: grpc-router connections`,
    Code.NotFound,
  );
}

const WORDS = { id: "connection", instance: "instance", peerAddress: "peer" } as const;

function matches({ id, instances, address }: ConnectionInfo, wanted: TraceFramesRequest["connection"]): boolean {
  switch (wanted.case) {
    case "id":
      return BigInt(id) === wanted.value;
    case "instance":
      return instances.includes(wanted.value);
    case "peerAddress":
      return address === wanted.value;
    default:
      return false;
  }
}
