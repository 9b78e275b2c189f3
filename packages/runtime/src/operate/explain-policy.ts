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

/** What is explained of a service. */
export interface ExplainedPart {
  /** By either of its names, in any case; absent: the service as a whole. */
  readonly method?: string | undefined;
  /** For the calls of this one, of `tenants`; absent: of everybody whom no rule matches. */
  readonly tenant?: string | undefined;
  /** Tenants that some service has rules for. */
  readonly tenants?: readonly string[] | undefined;
}

/**
 * Everything that counts for a method, or for the service as a whole.
 *
 * @throws RouterError NOT_FOUND for a method that the service does not have, or a tenant that is not there, with those that
 * may have been meant; INVALID_SETTING for a tenant without a method.
 */
export function explainPolicy(
  desc: DescService,
  policies: ResolvedPolicies,
  { method = "", tenant, tenants = [] }: ExplainedPart = {},
): readonly PolicyFact[] {
  if (tenant !== undefined) validateTenant(desc.typeName, method, tenant, tenants);
  if (method === "") return policyFactsOf(policies.service);
  const own = policies.tenants?.classes.find((one) => tenant !== undefined && one.tenants.includes(tenant));
  const { methods } = own ?? policies;
  const wanted = method.toLowerCase();
  const found = desc.methods.find(({ name, localName }) => [name, localName].some((it) => it.toLowerCase() === wanted));
  const resolved = found && methods[found.localName];
  if (resolved !== undefined) return policyFactsOf(resolved);
  const names = desc.methods.map(({ name }) => name);
  const near = nearNames(method, names);
  const choice = (near.length > 0 ? near : names).join(", ");
  throw new RouterError(
    "NOT_FOUND",
    `Cannot explain ${desc.typeName}/${method}: the method must be one of the service's, such as ${choice}`,
  );
}

function validateTenant(service: string, method: string, tenant: string, tenants: readonly string[]): void {
  if (method === "") {
    throw new RouterError(
      "INVALID_SETTING",
      `Cannot explain ${service}: of a tenant it must be a method, received none`,
    );
  }
  if (tenants.includes(tenant)) return;
  const near = nearNames(tenant, tenants);
  const choice = (near.length > 0 ? near : tenants.slice(0, maxListed)).join(", ");
  throw new RouterError(
    "NOT_FOUND",
    `Cannot explain ${service}/${method}: the tenant must be one that rules are about (${choice || "there are none"}), received ${tenant}`,
  );
}

/** Ids that an error repeats. */
const maxListed = 20;

/** What is said of a method or a service, each with who said it. */
export function policyFactsOf({
  facts,
  sources,
}: {
  readonly facts: object;
  readonly sources: object;
}): readonly PolicyFact[] {
  const said = new Map(Object.entries(sources));
  return Object.entries(facts).map(([name, value]: [string, unknown]) => {
    return { name, value, source: String(said.get(name) ?? "") };
  });
}
