// SPDX-License-Identifier: Apache-2.0
import type { Scenario } from "../scenario.ts";
import { fleetScenarios } from "./fleet.ts";
import { identityScenarios } from "./identity.ts";
import { networkScenarios } from "./network.ts";
import { signalScenarios } from "./signals.ts";
import { toxicScenarios } from "./toxics.ts";

/** The table. */
export const scenarios: readonly Scenario[] = [
  ...signalScenarios,
  ...toxicScenarios,
  ...networkScenarios,
  ...fleetScenarios,
  ...identityScenarios,
];
