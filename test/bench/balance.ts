// SPDX-License-Identifier: Apache-2.0
// `npm run bench:balance`: every balancing strategy on the same trace, on virtual time; writes its part of
// docs/balancing.md. Ends with 1 if a goal is missed.
import { writeBalancePage } from "./balance/balance-page.ts";
import {
  comparedWorkers,
  comparePolicies,
  comparePull,
  compareStrategies,
  loads,
  pullSeeds,
} from "./balance/compare.ts";
import { judgeGoals } from "./balance/goals.ts";

const comparisons = loads.map((load) => compareStrategies(load, (label) => console.error(`${load} ${label}`)));
const pulls = comparedWorkers.flatMap((workers) => {
  console.error(`push and pull, ${workers} at a time`);
  return pullSeeds.map((seed) => comparePull(seed, workers));
});
const goals = judgeGoals(comparisons, pulls);
writeBalancePage({ comparisons, pulls, policies: comparePolicies(), goals });
for (const { title, goal, measured, verdict } of goals) console.log(`${verdict}: ${title}: ${measured} (${goal})`);
process.exitCode = goals.some(({ verdict }) => verdict === "missed") ? 1 : 0;
