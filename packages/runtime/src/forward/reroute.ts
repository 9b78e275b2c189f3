// SPDX-License-Identifier: Apache-2.0
import type { Reason } from "@grpc-router/protocol";
import type { MethodRoute } from "../registry/method-route.js";
import type { CallRecord } from "./call-record.js";
import { CallState } from "./call-state.js";
import type { Forwarder } from "./forwarder.js";

/**
 * A call that the router would end for `reason`, that nobody has begun and that its own service has no instance for, goes to
 * the fallback's; once. False: it has none, or has been there.
 */
export function reroute(forwarder: Forwarder, call: CallRecord, reason: Reason): boolean {
  const { route } = call;
  const { fallback } = route;
  if (fallback === undefined || route.policy?.fallback?.reroutes(reason) !== true) return false;
  if (call.state !== CallState.queued && call.state !== CallState.backoff) return false;
  const state = call.attemptState;
  if (state.fellBack) return false;
  const { clock, counters, random } = forwarder.context;
  counters.fallbacks.rerouted++;
  forwarder.attempts.leaveBudget(call);
  forwarder.attempts.forgetAlarm(call);
  forwarder.placement.withdraw(call);
  state.fellBack = true;
  state.keyRead = false;
  const target = routeOf(call, fallback);
  call.route = target;
  call.rewind();
  call.state = CallState.queued;
  forwarder.keys.readHead(call);
  const refusal = target.policy?.service.refusal(clock.lastMs, random);
  if (refusal === undefined) forwarder.requests.prepare(call);
  else forwarder.ending.fail(call, refusal, { method: target.path, service: target.service.name });
  return true;
}

/** The fallback's service may have rules for the call's tenant. */
function routeOf({ client, rest, restEnd }: CallRecord, fallback: MethodRoute): MethodRoute {
  if (client === undefined || fallback.tenants === undefined) return fallback;
  return fallback.tenants.find(fallback, client, rest, restEnd);
}
