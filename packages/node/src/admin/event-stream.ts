// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { EventRing, RouterEvent } from "@grpc-router/runtime";
import {
  type Event,
  EventSchema,
  type WatchEventsRequest,
  type WatchEventsResponse,
  WatchEventsResponseSchema,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { EVENT_BATCH } from "../limits.js";

/**
 * Tells a watcher of events, in its own time: it reads where it stopped, so one that is slow makes nothing wait in memory
 * and loses the oldest.
 */
export async function* streamEvents(
  ring: EventRing,
  request: WatchEventsRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchEventsResponse> {
  let seen = request.since === undefined ? ring.lastId : Number(request.since);
  const wanted = new Set(request.kinds);
  for (;;) {
    const { events, lost } = ring.read(seen);
    seen = events.at(-1)?.id ?? Math.min(seen, ring.lastId);
    const shown = wanted.size === 0 ? events : events.filter(({ kind }) => wanted.has(kind));
    for (let start = 0; start === 0 || start < shown.length; start += EVENT_BATCH) {
      const batch = shown.slice(start, start + EVENT_BATCH).map(toMessage);
      const message = { events: batch, lost: start === 0 ? BigInt(lost) : 0n };
      if (batch.length > 0 || message.lost > 0n) yield create(WatchEventsResponseSchema, message);
    }
    if (signal.aborted) return;
    // More may have come while these were sent.
    if (ring.lastId > seen) continue;
    if (request.noFollow) return;
    await nextEvent(ring, signal);
    if (signal.aborted) return;
  }
}

/** Resolves with the next event, or when the watcher has gone. */
function nextEvent(ring: EventRing, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      unwatch();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const unwatch = ring.watch(end);
    signal.addEventListener("abort", end, { once: true });
  });
}

function toMessage({ id, timeMs, kind, level, message, fields }: RouterEvent): Event {
  const time = timestampFromMs(timeMs);
  return create(EventSchema, { id: BigInt(id), time, kind, level, message, fields: { ...fields } });
}
