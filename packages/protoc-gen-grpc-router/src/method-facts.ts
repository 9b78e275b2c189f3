// SPDX-License-Identifier: Apache-2.0
import { methodFactsOf } from "@grpc-router/protocol";
import type { MethodFacts } from "@grpc-router/protocol/codegenv1";
import type { MethodModel } from "./service-model.js";

/** What the router module says of a method: the checked result of its options, with nothing that was not said. */
export function createMethodFacts({ number, settings }: MethodModel): MethodFacts {
  const { options, routeKey } = settings;
  const facts = methodFactsOf(options);
  return { number, ...facts, ...(routeKey && { routeKey }) };
}
