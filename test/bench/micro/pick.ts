// SPDX-License-Identifier: Apache-2.0
import {
  type Balancer,
  type Candidate,
  createLeastRequest,
  createPeakEwma,
  createPickFirst,
  createRandom,
  createRoundRobin,
  createWeightedRoundRobin,
} from "@grpc-router/runtime";
import type { Operation } from "./operation.ts";

const anyCall = {
  nowMs: 20_000,
  hasKey: false,
  keyHigh: 0,
  keyLow: 0,
  avoids: () => false,
  admits: () => true,
};
const sizes = [3, 100];
const equal = () => 100;
const different = (index: number) => 100 + 50 * (index % 4);

/** Each strategy, with instances of the same weight or not. */
const strategies: readonly (readonly [what: string, create: () => Balancer, weight: (index: number) => number])[] = [
  ["", createLeastRequest, equal],
  [", weighted", createLeastRequest, different],
  [", all compared,", () => createLeastRequest({ fullScan: true }), equal],
  [", by a schedule,", () => createLeastRequest({ activeRequestBias: 1 }), different],
  ["", createRoundRobin, equal],
  ["", createRandom, equal],
  [", weighted", createRandom, different],
  ["", createWeightedRoundRobin, different],
  [", by reports,", () => createWeightedRoundRobin({ useLoadReports: true, blackoutMs: 0 }), equal],
  ["", createPeakEwma, equal],
  [", weighted", createPeakEwma, different],
  ["", createPickFirst, equal],
];

/** One pick of each strategy, instances with some calls each. */
export const pickOperations: readonly Operation[] = strategies.flatMap(([what, create, weight]) => {
  return sizes.map((count) => {
    const balancer = create();
    const list = Array.from({ length: count }, (_, index) => createCandidate(index, weight(index)));
    for (const [index, member] of list.entries()) {
      balancer.onEnd?.(member, { code: 0, latencyMs: 10 + (index % 5), nowMs: 10_000 });
    }
    const candidates = { list, away: [], version: 1 };
    const { random } = Math; // what the router uses
    return {
      name: `pick: ${balancer.name}${what} of ${count}`,
      run(times: number) {
        let sum = 0;
        for (let index = 0; index < times; index++) sum += balancer.pick(candidates, anyCall, random)?.openCalls ?? 0;
        return sum;
      },
    };
  });
});

/** Creates an instance with some open calls and a load report. */
export function createCandidate(index: number, weight: number): Candidate {
  return {
    instanceId: `instance-${index}`,
    labels: new Map(),
    weight,
    ready: true,
    openCalls: index % 7,
    capacity: Number.POSITIVE_INFINITY,
    load: {
      cpuUtilization: 0.2 + (index % 4) / 10,
      memUtilization: 0,
      applicationUtilization: 0,
      rps: 100,
      eps: 0,
      loopDelayUs: 0,
    },
    loadMs: 19_000,
    registeredMs: 0,
    healthy: true,
  };
}
