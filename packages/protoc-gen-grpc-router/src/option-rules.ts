// SPDX-License-Identifier: Apache-2.0
import type { Duration } from "@bufbuild/protobuf/wkt";
import {
  type Balance,
  BalanceSchema,
  type HedgingPolicy,
  HedgingPolicySchema,
  isMethodNumber,
  type MethodOptions,
  MethodOptionsSchema,
  millisecondsOf,
  PrioritySchema,
  type RetryPolicy,
  RetryPolicySchema,
  StatusCodeSchema,
} from "@grpc-router/protocol";

/** Takes a broken rule: the field's path inside the message of options, and what is wrong. */
export type ReportFault = (path: readonly number[], name: string, reason: string) => void;

/** Attempts that gRFC A6 allows; more would turn one outage into a storm. */
const attempts = { min: 2, max: 5 } as const;

/** Instances that one pick may compare; above ten nothing is gained (gRFC A48 clamps there too). */
const choices = { min: 2, max: 10 } as const;

/** Largest hash ring; the cap of gRFC A42, which keeps a typing error from taking gigabytes. */
const maxRingSize = 8_388_608;

const defaultRing = { min: 1024, max: 4096 } as const;
const defaultBackoffMs = { initial: 25, max: 1000 } as const;
const field = MethodOptionsSchema.field;

/** Checks the rules of `grpcrouter.v1.MethodOptions` that need no method to judge. */
export function checkMethodOptions(options: MethodOptions, report: ReportFault): void {
  checkChannelNumber(options, report);
  checkPositive("it", options.timeout, (reason) => report([field.timeout.number], "timeout", reason));
  if (options.retry !== undefined) checkRetry(options.retry, report);
  if (options.hedging !== undefined) checkHedging(options.hedging, report);
  if (options.balance !== undefined) checkBalance(options.balance, [field.balance.number], report);
  checkRouteKeyMetadata(options, report);
  checkSizes(options, report);
  if (!PrioritySchema.values.some(({ number }) => number === options.priority)) {
    report(
      [field.priority.number],
      "priority",
      `it must be PRIORITY_LOW, PRIORITY_NORMAL or PRIORITY_HIGH, received ${options.priority}`,
    );
  }
  if (options.retry !== undefined && options.hedging !== undefined) {
    report([field.hedging.number], "hedging", "it excludes retry; one of the two must go");
  }
  if (options.routeKey !== undefined && options.routeKeyMetadata !== undefined) {
    report([field.routeKeyMetadata.number], "route_key_metadata", "it excludes route_key; one of the two must go");
  }
}

/** Checks a choice of strategy, which methods and services can both make. */
export function checkBalance({ policy }: Balance, path: readonly number[], report: ReportFault): void {
  const fault = findBalanceFault(policy);
  if (fault !== undefined)
    report(policy.case ? [...path, BalanceSchema.field[policy.case].number] : path, "balance", fault);
}

function findBalanceFault(policy: Balance["policy"]): string | undefined {
  switch (policy.case) {
    case undefined:
      return "it must name a strategy, such as round_robin: {}";
    case "roundRobin":
      return undefined;
    case "leastRequest": {
      const { choiceCount: count = choices.min } = policy.value;
      if (count >= choices.min && count <= choices.max) return undefined;
      return `choice_count must be ${choices.min} to ${choices.max}, received ${count}`;
    }
    case "ringHash": {
      const { minRingSize: min = defaultRing.min, maxRingSize: max = Math.max(min, defaultRing.max) } = policy.value;
      if (min >= 1 && min <= max && max <= maxRingSize) return undefined;
      return `1 <= min_ring_size <= max_ring_size <= ${maxRingSize} must hold, received ${min} and ${max}`;
    }
    case "custom":
      return policy.value.name === "" ? 'custom.name must not be empty, received ""' : undefined;
    default:
      return undefined;
  }
}

function checkChannelNumber({ channelNumber: number }: MethodOptions, report: ReportFault): void {
  if (number === undefined || isMethodNumber(number)) return;
  const reason = `it must be 8 to 18999 or 20000 to 536870911, received ${number}`;
  report([field.channelNumber.number], "channel_number", reason);
}

function checkRetry(retry: RetryPolicy, report: ReportFault): void {
  const numbers = RetryPolicySchema.field;
  const fault = (number: number, reason: string) => report([field.retry.number, number], "retry", reason);
  checkAttempts(retry.maxAttempts, (reason) => fault(numbers.maxAttempts.number, reason));
  const { initialBackoff, maxBackoff } = retry;
  checkPositive("initial_backoff", initialBackoff, (reason) => fault(numbers.initialBackoff.number, reason));
  checkPositive("max_backoff", maxBackoff, (reason) => fault(numbers.maxBackoff.number, reason));
  const initialMs = initialBackoff === undefined ? defaultBackoffMs.initial : millisecondsOf(initialBackoff);
  const maxMs = maxBackoff === undefined ? Math.max(initialMs, defaultBackoffMs.max) : millisecondsOf(maxBackoff);
  if (maxMs > 0 && maxMs < initialMs) {
    fault(
      numbers.maxBackoff.number,
      `max_backoff must be at least initial_backoff, received ${maxMs} ms of ${initialMs} ms`,
    );
  }
  const multiplier = retry.backoffMultiplier ?? 2;
  if (!(Number.isFinite(multiplier) && multiplier > 0)) {
    fault(numbers.backoffMultiplier.number, `backoff_multiplier must be greater than 0, received ${multiplier}`);
  }
  const codes = numbers.retryableStatusCodes.number;
  checkCodes(retry.retryableStatusCodes, (reason) => fault(codes, `retryable_status_codes ${reason}`));
}

function checkHedging(hedging: HedgingPolicy, report: ReportFault): void {
  const numbers = HedgingPolicySchema.field;
  const fault = (number: number, reason: string) => report([field.hedging.number, number], "hedging", reason);
  checkAttempts(hedging.maxAttempts, (reason) => fault(numbers.maxAttempts.number, reason));
  const delay = hedging.hedgingDelay;
  if (delay !== undefined && !isZeroOrMore(delay)) {
    fault(numbers.hedgingDelay.number, `hedging_delay must be 0 s or longer, received ${formatDuration(delay)}`);
  }
  const codes = numbers.nonFatalStatusCodes.number;
  checkCodes(hedging.nonFatalStatusCodes, (reason) => fault(codes, `non_fatal_status_codes ${reason}`));
}

function checkAttempts(count: number, fault: (reason: string) => void): void {
  if (count >= attempts.min && count <= attempts.max) return;
  fault(`max_attempts must be ${attempts.min} to ${attempts.max}, received ${count}`);
}

function checkCodes(codes: readonly number[], fault: (reason: string) => void): void {
  const wrong = codes.find((code) => !StatusCodeSchema.values.some(({ number }) => number === code && code !== 0));
  if (wrong !== undefined) fault(`must name codes of the enum other than unspecified, received ${wrong}`);
}

/** gRPC's alphabet of names; names of gRPC itself are not the caller's to set, and a binary value is no key. */
function checkRouteKeyMetadata({ routeKeyMetadata: name }: MethodOptions, report: ReportFault): void {
  if (name === undefined || (/^[0-9a-z_.-]+$/.test(name) && !/^grpc-|-bin$/.test(name))) return;
  const reason = `it must be a name of 0-9 a-z _ . - without grpc- in front and -bin behind, received "${name}"`;
  report([field.routeKeyMetadata.number], "route_key_metadata", reason);
}

function checkSizes(options: MethodOptions, report: ReportFault): void {
  const { maxRequestMessageBytes: request, maxResponseMessageBytes: response } = field;
  const sizes = [
    [request, options.maxRequestMessageBytes],
    [response, options.maxResponseMessageBytes],
  ] as const;
  for (const [{ number, name }, bytes] of sizes) {
    if (bytes === 0) report([number], name, "it must be at least 1, received 0");
  }
}

function checkPositive(name: string, duration: Duration | undefined, fault: (reason: string) => void): void {
  if (duration === undefined || (isZeroOrMore(duration) && millisecondsOf(duration) > 0)) return;
  fault(`${name} must be longer than 0 s, received ${formatDuration(duration)}`);
}

/** Seconds and nanoseconds must agree in sign; a compiler checks neither. */
function isZeroOrMore({ seconds, nanos }: Duration): boolean {
  return seconds >= 0n && nanos >= 0 && nanos < 1_000_000_000;
}

function formatDuration(duration: Duration): string {
  return `${Number((millisecondsOf(duration) / 1000).toFixed(9))} s`;
}
