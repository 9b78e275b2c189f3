// SPDX-License-Identifier: Apache-2.0

import { type DescMethod, fromJson, type JsonValue, type Registry, toBinary } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { FallbackFacts, StaticReplyFacts } from "../codegenv1/resilience-facts.js";
import type { MethodPolicyFacts } from "../codegenv1/types.js";
import { resolveKeyPath } from "../key/resolve-key-path.js";
import { StatusCode } from "../status.js";
import { FactPlace, type PolicyFault } from "./policy-fault.js";

/** What {@link completeMethodFacts} answers. */
export interface CompletedFacts<Facts extends MethodPolicyFacts> {
  /** With field numbers for the route key and bytes for the fallback's reply, as far as there are no faults. */
  readonly facts: Facts;
  /** What the method does not allow. */
  readonly faults: readonly PolicyFault[];
}

/** Options of {@link completeMethodFacts}. */
export interface CompleteOptions {
  /** Finds the messages that a `google.protobuf.Any` in a reply's payload names. Default: none. */
  readonly registry?: Registry;
}

/**
 * Judges what is said of a method by the method itself, and resolves what only its descriptor can: a route key's path
 * to field numbers, a reply's payload to bytes. The facts must have passed `findPolicyFaults`. What merges sources is
 * to be completed after it has merged.
 */
export function completeMethodFacts<Facts extends MethodPolicyFacts>(
  facts: Facts,
  method: DescMethod,
  options: CompleteOptions = {},
): CompletedFacts<Facts> {
  const faults: PolicyFault[] = [];
  const place = new FactPlace(faults);
  if (facts.hedging !== undefined) checkHedging(method, place.inner("hedging", "hedging"));
  const { routeKey, fallback } = facts;
  const completed = {
    ...facts,
    ...(routeKey && { routeKey: completeRouteKey(routeKey, method, place) }),
    ...(fallback && {
      fallback: completeFallback(fallback, method, { place: place.inner("fallback", "fallback"), ...options }),
    }),
  };
  return { facts: completed, faults };
}

/** Each attempt needs the whole request, and several of them may run. */
function checkHedging(method: DescMethod, place: FactPlace): void {
  if (streamsRequests(method)) {
    place.note("the method must take one request, because each attempt needs the whole of it, and it takes a stream");
  }
  if (method.idempotency === MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN) {
    place.note("its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run");
  }
}

function completeRouteKey(
  routeKey: NonNullable<MethodPolicyFacts["routeKey"]>,
  method: DescMethod,
  place: FactPlace,
): NonNullable<MethodPolicyFacts["routeKey"]> {
  const resolved = resolveKeyPath(method.input, routeKey.path);
  if ("value" in resolved) return resolved.value;
  place.inner("routeKey", "route_key").note(resolved.error);
  return routeKey;
}

interface FallbackContext extends CompleteOptions {
  readonly place: FactPlace;
}

function completeFallback(fallback: FallbackFacts, method: DescMethod, context: FallbackContext): FallbackFacts {
  if ("service" in fallback && fallback.service === method.parent.typeName) {
    context.place.inner("service", "service").refuse("must be another service than the method's own");
  }
  return "reply" in fallback ? { reply: completeReply(fallback.reply, method, context) } : fallback;
}

/** Replaces a payload by its bytes. Without one, OK is a response without fields, or an empty stream. */
function completeReply(reply: StaticReplyFacts, method: DescMethod, context: FallbackContext): StaticReplyFacts {
  const { payload, payloadJson, ...rest } = reply;
  const key = payload === undefined ? "payloadJson" : "payload";
  const name = payload === undefined ? "payload_json" : "payload";
  const place = context.place.inner("reply", "reply").inner(key, name);
  if (streamsResponses(method)) {
    if (payload !== undefined || payloadJson !== undefined || rest.payloadBase64 !== undefined) {
      place.refuse("must not be set, because the method answers with a stream");
    }
    return reply;
  }
  if (reply.code !== StatusCode.ok || rest.payloadBase64 !== undefined) return reply;
  const json = payloadJson === undefined ? payload : parse(payloadJson);
  if (Number.isNaN(json)) return reply; // a Value without content, which the rules have refused
  try {
    const payloadBase64 = json === undefined ? "" : encodePayload(method, json, context);
    return { ...rest, payloadBase64 };
  } catch (error) {
    place.refuse(`must be the JSON of ${method.output.typeName}: ${reasonOf(error)}`);
    return reply;
  }
}

/** @throws Error if `json` is no response of the method. */
function encodePayload({ output }: DescMethod, json: JsonValue, { registry }: CompleteOptions): string {
  const message = fromJson(output, json, registry === undefined ? {} : { registry });
  return base64Encode(toBinary(output, message));
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the rules have refused it
  }
}

/** protobuf-es names the message in front, which the fault's own words already do. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^cannot decode message \S+ from JSON: /, "");
}

function streamsRequests({ methodKind }: DescMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

function streamsResponses({ methodKind }: DescMethod): boolean {
  return methodKind === "server_streaming" || methodKind === "bidi_streaming";
}
