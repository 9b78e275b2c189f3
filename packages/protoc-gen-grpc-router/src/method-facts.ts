// SPDX-License-Identifier: Apache-2.0
import type { Balance, HedgingPolicy, MethodOptions, RetryPolicy } from "@grpc-router/protocol";
import type { BalanceFacts, HedgingFacts, MethodFacts, RetryFacts } from "@grpc-router/protocol/codegenv1";
import { millisecondsOf } from "./option-rules.js";
import type { MethodModel } from "./service-model.js";

/** An object some of whose fields may hold undefined. */
type Loose<T> = { readonly [Key in keyof T]: T[Key] | undefined };

const priorities = [undefined, "low", "normal", "high"] as const;

/** What the router module says of a method: the checked result of its options, with nothing that was not said. */
export function createMethodFacts({ number, settings }: MethodModel): MethodFacts {
  const { options, routeKey } = settings;
  const { timeout, retry, hedging, balance } = options;
  return said<MethodFacts>({
    number,
    timeoutMs: timeout && millisecondsOf(timeout),
    retry: retry && createRetryFacts(retry),
    hedging: hedging && createHedgingFacts(hedging),
    balance: balance && createBalanceFacts(balance),
    routeKey,
    ...pickSizes(options),
  });
}

function createRetryFacts(retry: RetryPolicy): RetryFacts {
  return said<RetryFacts>({
    maxAttempts: retry.maxAttempts,
    initialBackoffMs: retry.initialBackoff && millisecondsOf(retry.initialBackoff),
    maxBackoffMs: retry.maxBackoff && millisecondsOf(retry.maxBackoff),
    backoffMultiplier: retry.backoffMultiplier,
    retryableStatusCodes: listed(retry.retryableStatusCodes),
  });
}

function createHedgingFacts(hedging: HedgingPolicy): HedgingFacts {
  return said<HedgingFacts>({
    maxAttempts: hedging.maxAttempts,
    hedgingDelayMs: hedging.hedgingDelay && millisecondsOf(hedging.hedgingDelay),
    nonFatalStatusCodes: listed(hedging.nonFatalStatusCodes),
  });
}

function createBalanceFacts({ policy }: Balance): BalanceFacts | undefined {
  switch (policy.case) {
    case "roundRobin":
      return { roundRobin: {} };
    case "leastRequest":
      return { leastRequest: said({ choiceCount: policy.value.choiceCount }) };
    case "ringHash": {
      const { minRingSize, maxRingSize } = policy.value;
      return { ringHash: said({ minRingSize, maxRingSize }) };
    }
    case "custom":
      return { custom: said({ name: policy.value.name, parameters: policy.value.parameters }) };
    case undefined:
      return undefined;
  }
}

function pickSizes(options: MethodOptions) {
  return {
    routeKeyMetadata: options.routeKeyMetadata,
    maxRequestMessageBytes: options.maxRequestMessageBytes,
    maxResponseMessageBytes: options.maxResponseMessageBytes,
    priority: priorities[options.priority],
  };
}

function listed(codes: readonly number[]): readonly number[] | undefined {
  return codes.length === 0 ? undefined : [...codes];
}

/** Leaves out what is undefined. */
function said<T extends object>(loose: Loose<T>): T {
  // Only fields that hold undefined are gone, and those are optional in T.
  return Object.fromEntries(Object.entries(loose).filter(([, value]) => value !== undefined)) as T;
}
