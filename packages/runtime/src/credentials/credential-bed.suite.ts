// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import type { FieldList } from "@grpc-router/http2";
import { RawInstance } from "../test-kit/raw-instance.suite.js";
import { TestRouter, type TestRouterOptions } from "../test-kit/test-router.suite.js";
import { registerPath } from "../test-kit/test-service.suite.js";
import type { CredentialSettings } from "./credential-settings.js";

export const untypedPath = "/grpcrouter.v1.ChannelService/Register";
export const token = "users-secret-0123456789";
export const otherToken = "billing-secret-0123456789";

export const credentials: readonly CredentialSettings[] = [
  { name: "users", services: ["acme.test.*"], tokens: [{ value: token }], certificates: ["spiffe://acme/users"] },
  {
    name: "billing",
    services: ["acme.billing.v1.BillingService"],
    tokens: [{ value: otherToken }],
    certificates: ["billing.acme.example"],
  },
  {
    name: "third",
    services: ["*"],
    tokens: [{ value: "third-token-third-token" }],
    certificates: ["third.acme.example"],
  },
];

/** The metadata with a token. */
export function bearer(value: string): FieldList {
  return [["authorization", `Bearer ${value}`]];
}

/** Who comes, and with what. */
export interface BedPeer {
  readonly metadata?: FieldList;
  readonly identities?: readonly string[];
  /** Of the certificate, in milliseconds since 1970. */
  readonly identitiesUntilMs?: number;
  readonly address?: string;
  readonly path?: string;
  readonly hello?: Parameters<RawInstance["hello"]>[0];
}

/** A router with credentials on virtual time, whose calendar begins at 1,000,000 ms. */
export class CredentialBed {
  readonly router: TestRouter;
  #wallOffsetMs = 0;

  constructor(list: readonly CredentialSettings[] | "none" = credentials, options: TestRouterOptions = {}) {
    this.router = new TestRouter({
      ...options,
      ...(list === "none" ? {} : { registration: { credentials: list } }),
      sha256: (bytes) => createHash("sha256").update(bytes).digest(),
      wallMs: () => this.#wallOffsetMs + this.router.scheduler.nowMs(),
    });
    this.setClock(1_000_000);
  }

  /** Sets the calendar, in milliseconds since 1970. */
  setClock(wallMs: number): void {
    this.#wallOffsetMs = wallMs - this.router.scheduler.nowMs();
  }

  /** Opens a Register stream and says nothing on it. */
  stranger({ metadata = [], path = registerPath, identities, identitiesUntilMs, address }: BedPeer): RawInstance {
    const { client } = this.router.connect({
      left: {
        ...(identities && { identities }),
        ...(identitiesUntilMs && { identitiesUntilMs }),
        ...(address && { address }),
      },
    });
    const instance = new RawInstance(client, path, { metadata });
    this.router.run();
    return instance;
  }

  /** Registers. */
  instance(peer: BedPeer): RawInstance {
    const isUntyped = peer.path === untypedPath;
    const instance = this.stranger(peer).hello(peer.hello, undefined, !isUntyped);
    this.router.run();
    return instance;
  }
}
