// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { CallWatcher } from "@grpc-router/runtime";
import {
  type TapCallsRequest,
  type TapCallsResponse,
  TapCallsResponseSchema,
  type TapEvent,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { EVENT_BATCH, MAX_TAP_MESSAGE_BYTES, MAX_TAPS } from "../limits.js";
import { CallTap, type TapFilter, type TapPorts } from "./call-tap.js";
import { msOf } from "./durations.js";
import { ReaderQueue } from "./reader-queue.js";

/** The taps of a router. */
export interface Taps {
  /** What happens to the calls of a request, until `signal`. Throws ConnectError for one that cannot be. */
  open(request: TapCallsRequest, signal: AbortSignal): AsyncGenerator<TapCallsResponse>;
}

/** What is watched, and how. */
export interface TapsOptions {
  readonly watch: (watcher: CallWatcher) => () => void;
  readonly ports: TapPorts;
  /** Whether messages may be told. */
  readonly allowMessages: boolean;
}

/** Octets of a message unless said otherwise. */
const USUAL_MESSAGE_BYTES = 1_024;

/** Taps of calls, a few at a time. */
export function createTaps({ watch, ports, allowMessages }: TapsOptions): Taps {
  let count = 0;
  return {
    open: async function* (request, signal) {
      const filter = filterOf(request);
      if (filter.messageBytes !== undefined && !allowMessages) {
        throw new ConnectError(
          "Cannot tap messages: the router does not allow it. Start it with serve --allow-tap-messages",
          Code.FailedPrecondition,
        );
      }
      if (count >= MAX_TAPS) {
        throw new ConnectError(
          `Cannot tap calls: ${MAX_TAPS} taps are open, which is the most. End one of them`,
          Code.FailedPrecondition,
        );
      }
      count++;
      const queue = new ReaderQueue<TapEvent>();
      const tap = new CallTap(filter, queue, ports);
      const unwatch = watch(tap);
      const end = (): void => {
        unwatch();
        tap.close();
      };
      // A reader may go while a message waits to be sent, so this must not wait for the loop.
      signal.addEventListener("abort", end, { once: true });
      try {
        yield create(TapCallsResponseSchema);
        yield* read(tap, queue, signal);
      } finally {
        signal.removeEventListener("abort", end);
        end();
        count--;
      }
    },
  };
}

async function* read(
  tap: CallTap,
  queue: ReaderQueue<TapEvent>,
  signal: AbortSignal,
): AsyncGenerator<TapCallsResponse> {
  while (!signal.aborted) {
    const batch = queue.take();
    if (batch !== undefined) {
      const { events, lost, passedOver } = batch;
      for (let start = 0; start === 0 || start < events.length; start += EVENT_BATCH) {
        const isFirst = start === 0;
        yield create(TapCallsResponseSchema, {
          events: events.slice(start, start + EVENT_BATCH),
          lost: isFirst ? BigInt(lost) : 0n,
          passedOver: isFirst ? BigInt(passedOver) : 0n,
        });
      }
    } else if (tap.isOver) return;
    else await queue.next();
  }
}

function filterOf(request: TapCallsRequest): TapFilter {
  const { method, instance, metadata, failed, slowerThan, sample = 1, count, messages, maxMessageBytes } = request;
  if (maxMessageBytes > MAX_TAP_MESSAGE_BYTES) {
    throw new ConnectError(
      `Cannot tap messages: the octets of each must be at most ${MAX_TAP_MESSAGE_BYTES}, received ${maxMessageBytes}`,
      Code.InvalidArgument,
    );
  }
  if (!(sample > 0 && sample <= 1)) {
    throw new ConnectError(
      `Cannot tap calls: sample must be above 0, up to 1, received ${sample}`,
      Code.InvalidArgument,
    );
  }
  return {
    method: method.replace(/^\//, ""),
    instance,
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), value])),
    failed,
    slowerMs: msOf(slowerThan),
    sample,
    count: count === 0n ? Number.POSITIVE_INFINITY : Number(count),
    messageBytes: messages ? maxMessageBytes || USUAL_MESSAGE_BYTES : undefined,
  };
}
