// SPDX-License-Identifier: Apache-2.0
import type { Scenario } from "../scenario.ts";
import { signalScenarios } from "./signals.ts";

/** The table. */
export const scenarios: readonly Scenario[] = [...signalScenarios];
