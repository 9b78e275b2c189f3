// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { RegistrationSettings } from "@grpc-router/runtime";
import type { Scenario } from "./scenario.js";

/** What a process shows of who it is. */
export interface Proof {
  /** Names of its certificate. */
  readonly identities: readonly string[];
  readonly token: string | undefined;
  /** Whose it is to the routers; empty: nobody's. */
  readonly principal: string;
}

/** Shown by whoever has nothing to show. */
export const noProof: Proof = { identities: [], token: undefined, principal: "" };

const credentials = [
  { name: "fleet", services: ["sim.v1.*"], tokens: [{ value: "token-of-the-fleet" }] },
  { name: "others", services: ["sim.v1.*"], tokens: [{ value: "token-of-the-others" }] },
] as const;

/** Who may register at the routers of a world that asks for credentials. */
export const simRegistration: RegistrationSettings = { credentials };

/** What an instance shows; of an impostor something that is as good, and another's. */
export function proofOf({ hasCredentials, hasIdentities }: Scenario, id: string, isImpostor: boolean): Proof {
  if (hasCredentials) {
    const { name, tokens } = credentials[isImpostor ? 1 : 0];
    return { identities: [], token: tokens[0].value, principal: name };
  }
  if (isImpostor) return certificate("spiffe://sim/somebody-else");
  return hasIdentities ? certificate(`spiffe://sim/${id}`) : noProof;
}

/** As `RouterPorts.sha256`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** Metadata that shows a token. */
export function tokenMetadata({ token }: Proof): readonly (readonly [string, string])[] {
  return token === undefined ? [] : [["authorization", `Bearer ${token}`]];
}

function certificate(name: string): Proof {
  return { identities: [name], token: undefined, principal: name };
}
