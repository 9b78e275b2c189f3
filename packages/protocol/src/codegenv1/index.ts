// SPDX-License-Identifier: Apache-2.0
// The contract that generated modules bind to. It only grows: a changed contract is a folder of its own, codegenv2.

export { bridgeDesc, isGenBridge } from "./bridge-desc.js";
export { isGenRouter, routerDesc } from "./router-desc.js";
export { typedNumbers } from "./typed-numbers.js";
export type {
  BalanceFacts,
  GenBridge,
  GenRouter,
  HedgingFacts,
  MethodFacts,
  MethodName,
  RequestOf,
  ResponseOf,
  RetryFacts,
  RouteKeyFacts,
  ServiceFacts,
  ServiceNumbers,
} from "./types.js";
