// SPDX-License-Identifier: Apache-2.0
// How tests of the rules write what is wrong: facts that no compiler has seen, and the one fault in them.

import type { MethodPolicyFacts, ServicePolicyFacts } from "../codegenv1/types.js";
import type { PolicyFault } from "./policy-fault.js";
import { findPolicyFaults, findServicePolicyFaults } from "./policy-rules.js";

/** What is said, the path of the fault in it with dots, and its reason. */
export type FaultRow = readonly [facts: unknown, path: string, reason: string];

/** Faults of what is said of a method, with dots in their paths. */
export function methodFaults(facts: unknown): object[] {
  return shown(findPolicyFaults(facts as MethodPolicyFacts));
}

/** The same of a service. */
export function serviceFaults(facts: unknown): object[] {
  return shown(findServicePolicyFaults(facts as ServicePolicyFacts));
}

function shown(faults: readonly PolicyFault[]): object[] {
  return faults.map(({ path, reason }) => ({ path: path.join("."), reason }));
}
