// SPDX-License-Identifier: Apache-2.0
import {
  type Feature,
  Health_Status,
  type Hello,
  INITIAL_CREDIT,
  knownFeatures,
  MAX_LABEL_NAME_BYTES,
  MAX_LABEL_VALUE_BYTES,
  MAX_LABELS,
  type Traits,
} from "@grpc-router/protocol";
import type { Claim } from "./judge-takeover.js";
import { quote } from "./quote.js";

/** What an instance says about itself, as the router uses it. */
export interface InstanceProfile extends Claim {
  readonly instanceId: string;
  /** Program and version, for people. */
  readonly agent: string;
  /** Address of the connection's other end. */
  readonly address: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly weight: number;
  readonly serving: boolean;
  /** Open calls at most; undefined: not stated. */
  readonly capacity: number | undefined;
  /** Credit of each call's request direction at its start. */
  readonly initialCredit: number;
  /** Longest request message that the instance takes; `Infinity`: not stated. */
  readonly maxMessageBytes: number;
  /** What of its offer is on. */
  readonly features: readonly Feature[];
}

/** Weight of an instance that states none. */
const defaultWeight = 100;

const encoder = new TextEncoder();

/** The profile in a hello that has been found valid. */
export function profileOf(hello: Hello, principal: string, address: string): InstanceProfile {
  return {
    principal,
    address,
    instanceId: hello.instanceId,
    processKey: Array.from(hello.processKey, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    incarnation: hello.incarnation,
    ordinal: hello.ordinal,
    agent: hello.agent.slice(0, 200),
    labels: labelsOf(hello.traits),
    weight: weightOf(hello.traits),
    serving: hello.health?.status !== Health_Status.NOT_SERVING,
    capacity: hello.capacity?.calls,
    initialCredit: hello.initialCredit === 0 ? INITIAL_CREDIT : hello.initialCredit,
    maxMessageBytes: hello.maxMessageBytes === 0 ? Number.POSITIVE_INFINITY : hello.maxMessageBytes,
    features: knownFeatures(hello.features),
  };
}

export function labelsOf(traits: Traits | undefined): ReadonlyMap<string, string> {
  return new Map(Object.entries(traits?.labels ?? {}));
}

export function weightOf(traits: Traits | undefined): number {
  return traits === undefined || traits.weight === 0 ? defaultWeight : traits.weight;
}

/** What is wrong with labels, as the second half of a sentence. */
export function findLabelProblem(labels: Readonly<Record<string, string>>): string | undefined {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) return `labels must be at most ${MAX_LABELS}, received ${entries.length}`;
  for (const [name, value] of entries) {
    if (encoder.encode(name).length > MAX_LABEL_NAME_BYTES || encoder.encode(value).length > MAX_LABEL_VALUE_BYTES) {
      return `a label must be at most ${MAX_LABEL_NAME_BYTES} bytes of name and ${MAX_LABEL_VALUE_BYTES} of value, received ${quote(name)}`;
    }
  }
  return undefined;
}
