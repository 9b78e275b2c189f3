// SPDX-License-Identifier: Apache-2.0
export { Coverage, coverageCells } from "./coverage.js";
export { type Invariant, invariants } from "./invariants.js";
export { type SimulateOptions, type SimulationResult, simulate } from "./simulation.js";
