// SPDX-License-Identifier: Apache-2.0
import { KeyHash, xxh64 } from "@grpc-router/protocol";
import {
  type BalancedCall,
  type Balancer,
  type Candidate,
  createMaglev,
  createRingHash,
  createSticky,
  tokenOf,
} from "@grpc-router/runtime";
import type { Operation } from "./operation.ts";
import { createCandidate } from "./pick.ts";

const sizes = [10, 1_000];

/** Keys that take turns: more than a processor's first cache has room for. A power of two. */
const keyCount = 4_096;

/** Each strategy that goes by keys. */
const strategies: readonly (readonly [what: string, create: () => Balancer])[] = [
  ["", createRingHash],
  [", bounded,", () => createRingHash({ boundedLoadFactor: 1.25 })],
  ["", createMaglev],
  [", bounded,", () => createMaglev({ boundedLoadFactor: 1.25 })],
  ["", createSticky],
];

/** One pick of each by the keys of calls, and what it costs to build a ring or a table after one instance has changed. */
export function pickByKeyOperations(): readonly Operation[] {
  const keys = Array.from({ length: keyCount }, (_, index) => createKeyed(`user-${index}`));
  return sizes.flatMap((count) => [
    ...strategies.map(([what, create]) => pickOperation(create(), { what, keys, count })),
    pickOperation(createSticky(), { what: " by tokens", keys: tokens(count), count }),
    buildOperation(createRingHash(), keys, count),
    buildOperation(createMaglev(), keys, count),
    buildOperation(createSticky(), keys, count),
  ]);
}

interface PickParts {
  readonly what: string;
  readonly keys: readonly BalancedCall[];
  readonly count: number;
}

function pickOperation(balancer: Balancer, { what, keys, count }: PickParts): Operation {
  const candidates = { list: createList(count), away: [], version: 1 };
  return {
    name: `pick: ${balancer.name}${what} of ${count}`,
    run(times: number) {
      let sum = 0;
      for (let index = 0; index < times; index++) {
        const call = keys[index % keyCount] as BalancedCall;
        sum += balancer.pick(candidates, call, Math.random)?.openCalls ?? 0;
      }
      return sum;
    },
  };
}

/** Each time, one instance is another. */
function buildOperation(balancer: Balancer, [key]: readonly BalancedCall[], count: number): Operation {
  const list = createList(count);
  const candidates = { list, away: [], version: 1 };
  const others = [list[0] as Candidate, { ...(list[0] as Candidate), instanceId: "another" }];
  return {
    name: `build: ${balancer.name} of ${count}`,
    run(times: number) {
      let sum = 0;
      for (let index = 0; index < times; index++) {
        list[0] = others[++candidates.version % 2] as Candidate;
        sum += balancer.pick(candidates, key as BalancedCall, Math.random)?.openCalls ?? 0;
      }
      return sum;
    },
  };
}

function createList(count: number): Candidate[] {
  return Array.from({ length: count }, (_, index) => createCandidate(index, 100));
}

function tokens(count: number): BalancedCall[] {
  return Array.from({ length: keyCount }, (_, index) => createKeyed(tokenOf(`instance-${index % count}`)));
}

function createKeyed(key: string): BalancedCall {
  const hash = new KeyHash();
  const bytes = new TextEncoder().encode(key);
  xxh64(bytes, 0, bytes.length, hash);
  const never = () => false;
  return { nowMs: 0, hasKey: true, keyHigh: hash.high, keyLow: hash.low, avoids: never, admits: () => true };
}
