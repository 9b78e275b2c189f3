// SPDX-License-Identifier: Apache-2.0
import type { GenPolicies, MethodFacts } from "@grpc-router/protocol/codegenv1";
import type { MethodModel, ServiceModel } from "./service-model.js";

/** What the router module says of a method: the checked result of its options, with nothing that was not said. */
export function createMethodFacts({ number, settings }: MethodModel): MethodFacts {
  return { number, ...settings.facts };
}

/** What the router module says of the service as a whole; undefined if there is nothing to say. */
export function createPolicies({ policies, methods }: ServiceModel): GenPolicies | undefined {
  const named = methods.filter(({ settings }) => settings.inherited.length > 0);
  const inherited = Object.fromEntries(named.map(({ desc, settings }) => [desc.localName, settings.inherited]));
  const said = named.length === 0 ? policies : { ...policies, inherited };
  return Object.keys(said).length === 0 ? undefined : said;
}
