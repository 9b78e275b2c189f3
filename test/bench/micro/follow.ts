// SPDX-License-Identifier: Apache-2.0
import { randomFillSync } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { CallStartSchema } from "@grpc-router/protocol";
import { CallSpans } from "../../../packages/node/dist/trace/call-spans.js";
import { RandomIds } from "../../../packages/node/dist/trace/random-ids.js";
import { SpanBatches } from "../../../packages/node/dist/trace/span-batches.js";
import type { EndedSpan } from "../../../packages/node/dist/trace/span-writer.js";
import { Watchers } from "../../../packages/runtime/dist/follow/following.js";
import type { CallRecord } from "../../../packages/runtime/dist/forward/call-record.js";
import type { Operation } from "./operation.ts";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0";
const target = { instanceId: "users-1", address: "127.0.0.1:5000" };
const end = { code: 0, reason: undefined, instance: "users-1", attempts: 1, requestBytes: 7, replyBytes: 7 };

/** What traces cost a call: whether it is followed is asked of each, the rest is of those that are. */
export function followOperations(): Operation[] {
  const batches = new SpanBatches({
    source: { resource: { "service.name": "grpc-router" }, scope: { name: "@grpc-router/node", version: "0" } },
    maxQueueSize: Number.POSITIVE_INFINITY,
    send: () => Promise.resolve(),
    report: () => {},
  });
  const add = (span: EndedSpan) => batches.add(span);
  const none = watchersOf(add, 0);
  const all = watchersOf(add, 1);
  const follow = (name: string, watchers: Watchers, call: CallRecord, hasTraceContext: boolean): Operation => ({
    name: `follow: ${name}`,
    run(count) {
      let followed = 0;
      for (let index = 0; index < count; index++) {
        watchers.begin(call, hasTraceContext);
        const { following } = call;
        if (following === undefined) continue;
        followed++;
        following.startOf(call, target, 2);
        following.attemptEnded(0, 3);
        following.ended({ ...end, nowMs: 3 });
        call.following = undefined;
      }
      return followed;
    },
  });
  return [
    follow("a call that is not traced, and whose client says nothing", none, callWith([]), false),
    follow("a call that is traced by the share: two spans, and metadata for one attempt", all, callWith([]), false),
    follow("a call whose client does not sample it", none, callWith([["traceparent", `${traceparent}0`]]), true),
    follow("a call that its client traces: the same", none, callWith([["traceparent", `${traceparent}1`]]), true),
  ];
}

function watchersOf(add: (span: EndedSpan) => void, ratio: number): Watchers {
  const watchers = new Watchers({ log: () => {} });
  const clock = { originAt: () => performance.timeOrigin };
  watchers.add(new CallSpans({ add, ratio, random: Math.random, ids: new RandomIds(randomFillSync), clock }));
  return watchers;
}

/** What followers see of a record: a head with five fields, and what is given. */
function callWith(more: readonly (readonly [name: string, value: string])[]): CallRecord {
  const common = Array.from({ length: 5 }, (_, index) => [`x-field-${index}`, "a value of some length"] as const);
  const metadata = [...common, ...more].map(([name, value]) => ({ name, value: new TextEncoder().encode(value) }));
  const rest = toBinary(CallStartSchema, create(CallStartSchema, { metadata }));
  const service = { name: "acme.user.v1.UserService" };
  const head = {
    route: { path: `/${service.name}/GetUser`, service },
    client: { address: "127.0.0.1:4000" },
    openedMs: 1,
    previousAttempts: 0,
    attempt: 0,
    rest,
    restEnd: rest.length,
    following: undefined,
  };
  // Of a record nothing else is touched here.
  return head as unknown as CallRecord;
}
