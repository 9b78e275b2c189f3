// SPDX-License-Identifier: Apache-2.0

import { type PolicyFact, policyFactsOf, type Router } from "@grpc-router/node";
import { type CliError, usageError } from "../cli-error.js";

type Policies = NonNullable<ReturnType<Router["policiesOf"]>>;

/**
 * What counts, and who said each of it, for `subject`, a service or one of its methods; of a method, for the calls of
 * `tenant`, or else of everybody whom no rule matches.
 *
 * @throws CliError for a name that is not there.
 */
export function explain(router: Router, subject: string, tenant: string | undefined): readonly PolicyFact[] {
  const [service = "", method] = subject.replace(/^\//, "").split("/");
  const policies = router.policiesOf(service);
  if (policies === undefined) {
    throw refuse(subject, `the service must be one of ${router.services.join(", ")}, received ${service}`);
  }
  if (method === undefined) {
    if (tenant !== undefined) throw refuse(subject, "with --tenant it must be a method, received a service");
    return policyFactsOf(policies.service);
  }
  const methods = tenant === undefined ? policies.methods : methodsOf(router, policies, { subject, tenant });
  const names = Object.keys(methods);
  const found = names.find((name) => name.toLowerCase() === method.toLowerCase());
  const resolved = found === undefined ? undefined : methods[found];
  if (resolved === undefined) {
    throw refuse(subject, `the method must be one of ${names.join(", ")}, received ${method}`);
  }
  return policyFactsOf(resolved);
}

/** What counts for a tenant that some service knows; without rules of this one that match it, what counts for all. */
function methodsOf(
  router: Router,
  { methods, tenants }: Policies,
  { subject, tenant }: { readonly subject: string; readonly tenant: string },
): Policies["methods"] {
  const known = router.services.flatMap((service) => router.policiesOf(service)?.tenants?.known.list ?? []);
  if (!known.some(({ id }) => id === tenant)) {
    const ids = [...new Set(known.map(({ id }) => id))];
    const some = ids.length === 0 ? "there are none with rules" : ids.slice(0, maxListed).join(", ");
    const more = ids.length > maxListed ? ` and ${ids.length - maxListed} more` : "";
    throw refuse(subject, `the tenant must be one of --policies (${some}${more}), received ${tenant}`);
  }
  return tenants?.classes.find((one) => one.tenants.includes(tenant))?.methods ?? methods;
}

/** Ids that an error repeats. */
const maxListed = 20;

function refuse(subject: string, problem: string): CliError {
  return usageError(`Cannot explain ${subject}: ${problem}`);
}
