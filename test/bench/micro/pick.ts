// SPDX-License-Identifier: Apache-2.0
import { type Candidate, createLeastRequest, createRoundRobin } from "@grpc-router/runtime";
import type { Operation } from "./operation.ts";

const anyCall = {
  nowMs: 0,
  hasKey: false,
  keyHigh: 0,
  keyLow: 0,
  avoids: () => false,
  admits: () => true,
};
const instances = [3, 100];

/** One pick of each strategy, instances with the same weight and some calls each. */
export const pickOperations: readonly Operation[] = [createLeastRequest, createRoundRobin].flatMap((create) =>
  instances.map((count) => {
    const balancer = create();
    const list = Array.from({ length: count }, (_, index) => candidate(index));
    const candidates = { list, away: [], version: 1 };
    const { random } = Math; // what the router uses
    return {
      name: `pick: ${balancer.name} of ${count}`,
      run(times: number) {
        let sum = 0;
        for (let index = 0; index < times; index++) sum += balancer.pick(candidates, anyCall, random)?.openCalls ?? 0;
        return sum;
      },
    };
  }),
);

function candidate(index: number): Candidate {
  return {
    instanceId: `instance-${index}`,
    labels: new Map(),
    weight: 100,
    ready: true,
    openCalls: index % 7,
    capacity: Number.POSITIVE_INFINITY,
    load: undefined,
    loadMs: Number.NEGATIVE_INFINITY,
    registeredMs: 0,
    healthy: true,
  };
}
