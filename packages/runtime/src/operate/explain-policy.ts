// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { ResolvedPolicies } from "@grpc-router/protocol";
import { RouterError } from "../router-error.js";
import { nearNames } from "./near-names.js";

/** One thing that is said of a method or a service, and by whom. */
export interface PolicyFact {
  /** As in code: "timeoutMs". */
  readonly name: string;
  readonly value: unknown;
  /** "method option", "configuration for the service". */
  readonly source: string;
}

/**
 * Everything that counts for a method (by either of its names, in any case), or, without one, for the service as a whole.
 *
 * @throws RouterError NOT_FOUND for a method that the service does not have, with those that may have been meant.
 */
export function explainPolicy(desc: DescService, policies: ResolvedPolicies, method = ""): readonly PolicyFact[] {
  if (method === "") return factsOf(policies.service);
  const wanted = method.toLowerCase();
  const found = desc.methods.find(({ name, localName }) => [name, localName].some((it) => it.toLowerCase() === wanted));
  const resolved = found && policies.methods[found.localName];
  if (resolved !== undefined) return factsOf(resolved);
  const names = desc.methods.map(({ name }) => name);
  const near = nearNames(method, names);
  const choice = (near.length > 0 ? near : names).join(", ");
  throw new RouterError(
    "NOT_FOUND",
    `Cannot explain ${desc.typeName}/${method}: the method must be one of the service's, such as ${choice}`,
  );
}

function factsOf({ facts, sources }: { readonly facts: object; readonly sources: object }): readonly PolicyFact[] {
  const said = new Map(Object.entries(sources));
  return Object.entries(facts).map(([name, value]: [string, unknown]) => {
    return { name, value, source: String(said.get(name) ?? "") };
  });
}
