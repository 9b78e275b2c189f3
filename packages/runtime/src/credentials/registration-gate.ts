// SPDX-License-Identifier: Apache-2.0
import type { PeerInfo } from "@grpc-router/http2";
import type { RequestHead } from "../forward/request-head.js";
import { maxFailedCredentialsPerSecond } from "../limits.js";
import { quote } from "../registry/quote.js";
import type { RegistrationRefusal } from "../registry/registration-refusal.js";
import { RouterError } from "../router-error.js";
import { addressKey, hostOfAddress } from "./address-key.js";
import { CredentialBook, type KnownCredential, type Sha256 } from "./credential-book.js";
import type { CredentialSettings } from "./credential-settings.js";
import { certificateOf, type Evidence, readEvidence } from "./evidence.js";
import { FailedAttempts } from "./failed-attempts.js";

/** What an instance has proved. */
export interface Grant {
  /** Whose instance it is: the credential's name; without credentials the names of the certificate, none without one. */
  readonly principal: string;
  /** Milliseconds since 1970 at which it ends; `Infinity`: never. */
  readonly expiresMs: number;
  /** What it was given for, to be judged again when credentials change. */
  readonly evidence: Evidence;
}

/** Parts of a `RegistrationGate`. */
export interface RegistrationGateParts {
  /** Undefined: anybody may register. */
  readonly credentials: readonly CredentialSettings[] | undefined;
  readonly sha256: Sha256 | undefined;
  /** Milliseconds since 1970. */
  readonly wallMs: (() => number) | undefined;
}

/** Decides who may register what (docs/channel.md section 6). It reads no frame: strangers are refused on their head. */
export class RegistrationGate {
  readonly #sha256: Sha256;
  readonly #wallMs: (() => number) | undefined;
  readonly #failed = new FailedAttempts();
  /** Undefined: anybody may register. */
  #book: CredentialBook | undefined = undefined;

  /** @throws RouterError INVALID_SETTING for credentials that cannot be, or without the ports that they need. */
  constructor({ credentials, sha256, wallMs }: RegistrationGateParts) {
    this.#wallMs = wallMs;
    this.#sha256 = sha256 ?? noHash;
    if (credentials === undefined) return;
    if (sha256 === undefined || wallMs === undefined) {
      throw new RouterError("INVALID_SETTING", "Cannot use credentials: the ports sha256 and wallMs must be given");
    }
    this.#book = new CredentialBook(credentials, sha256);
  }

  /** Milliseconds since 1970; of a router without such a clock long ago, when nothing had expired. */
  get wallMs(): number {
    return this.#wallMs?.() ?? Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes other credentials. Whoever is registered has to be judged again.
   *
   * @throws RouterError INVALID_SETTING for credentials that cannot be, INVALID_STATE if the router began without any;
   * then all stays as it was.
   */
  replace(credentials: readonly CredentialSettings[]): void {
    if (this.#book === undefined) {
      throw new RouterError("INVALID_STATE", "Cannot use credentials: the router must have had some from the start");
    }
    this.#book = new CredentialBook(credentials, this.#sha256);
  }

  /** Judges the head of a Register call; `service` as far as the path tells it. */
  judge(head: RequestHead, peer: PeerInfo, service: string | undefined, nowMs: number): Grant | RegistrationRefusal {
    if (this.#book === undefined) return this.#grant(certificateOf(peer), service);
    const evidence = readEvidence(head, peer, this.#sha256);
    if (evidence.kind !== "token") return this.#grant(evidence, service);
    const address = addressKey(hostOfAddress(peer.address));
    const waitMs = this.#failed.waitMs(address, nowMs);
    if (waitMs > 0) {
      const facts = { service: nameOf(service), limit: maxFailedCredentialsPerSecond };
      const note = "too many wrong tokens have come from its address";
      return { reason: "REGISTRATION_RATE", facts, retryAfterMs: waitMs, note };
    }
    const grant = this.#grant(evidence, service);
    if ("reason" in grant && grant.reason === "CREDENTIAL_INVALID") this.#failed.add(address, nowMs);
    return grant;
  }

  /** Judges anew what was granted, by the credentials and the time of now; `service` as far as it is known. */
  renew({ evidence }: Grant, service: string | undefined): Grant | RegistrationRefusal {
    return this.#grant(evidence, service);
  }

  #grant(evidence: Evidence, service: string | undefined): Grant | RegistrationRefusal {
    const known = this.#book === undefined ? anybody(evidence) : find(this.#book, evidence);
    if (known === undefined) return unknownCredential(evidence, service);
    const { name: principal } = known;
    const ownExpiryMs = evidence.kind === "certificate" ? evidence.expiresMs : Number.POSITIVE_INFINITY;
    const expiresMs = Math.min(known.expiresMs, ownExpiryMs);
    if (expiresMs <= this.wallMs) return { reason: "CREDENTIAL_EXPIRED", facts: { principal: quote(principal) } };
    if (service !== undefined && !known.covers(service)) {
      return { reason: "SERVICE_NOT_ALLOWED", facts: { service: quote(service), principal } };
    }
    return { principal, expiresMs, evidence };
  }
}

function find(book: CredentialBook, evidence: Evidence): KnownCredential | undefined {
  switch (evidence.kind) {
    case "token":
      return book.ofToken(evidence.digest);
    case "certificate":
      return book.ofCertificate(evidence.names);
    default:
      return undefined;
  }
}

function anybody(evidence: Evidence): KnownCredential {
  const name = evidence.kind === "certificate" ? evidence.names.join(",") : "";
  return { name, expiresMs: Number.POSITIVE_INFINITY, covers: () => true };
}

/** The peer learns only whether anything came; the log of the router says more, yet no secret. */
function unknownCredential(evidence: Evidence, service: string | undefined): RegistrationRefusal {
  const received = evidence.kind === "none" ? "none" : "another";
  return { reason: "CREDENTIAL_INVALID", facts: { service: nameOf(service), received }, note: noteOf(evidence) };
}

function noteOf(evidence: Evidence): string {
  switch (evidence.kind) {
    case "unusable":
      return evidence.note;
    case "token":
      return "no credential has its token";
    case "certificate":
      return `no credential has the name of its certificate, ${evidence.names.map(quote).join(", ")}`;
    default:
      return "it showed neither a token nor a verified certificate";
  }
}

function nameOf(service: string | undefined): string {
  return service === undefined ? "a service" : quote(service);
}

/** Never called: without the port there are no credentials. */
function noHash(): Uint8Array {
  return new Uint8Array(0);
}
