// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { CallStartSchema } from "@grpc-router/protocol";
import { AlwaysOnSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import { CallSpans } from "../../../packages/node/dist/trace/call-spans.js";
import { Watchers } from "../../../packages/runtime/dist/follow/following.js";
import type { CallRecord } from "../../../packages/runtime/dist/forward/call-record.js";
import type { Operation } from "./operation.ts";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0";
const target = { instanceId: "users-1", address: "127.0.0.1:5000" };
const end = { code: 0, reason: undefined, instance: "users-1", requestBytes: 7, replyBytes: 7 };

/** What traces cost a call: whether it is followed is asked of each, the rest is of those that are. */
export function followOperations(): Operation[] {
  const tracer = new TracerProvider({ sampler: new AlwaysOnSampler() }).getTracer("bench");
  const watchers = new Watchers({ log: () => {} });
  watchers.add(new CallSpans({ tracer, ratio: 0.01, random: () => 0.5, clock: { originMs: 0 } }));
  const follow = (name: string, call: CallRecord): Operation => ({
    name: `follow: ${name}`,
    run(count) {
      let followed = 0;
      for (let index = 0; index < count; index++) {
        watchers.begin(call);
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
    follow("a call that is not traced, and whose client says nothing", callWith([])),
    follow("a call whose client does not sample it", callWith([["traceparent", `${traceparent}0`]])),
    follow(
      "a call that is traced: two spans, and metadata for one attempt",
      callWith([["traceparent", `${traceparent}1`]]),
    ),
  ];
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
