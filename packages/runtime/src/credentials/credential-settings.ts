// SPDX-License-Identifier: Apache-2.0
import { maxCredentialTokens, maxTokenLength, minTokenLength } from "../limits.js";
import { RouterError } from "../router-error.js";
import { isServicePattern } from "./service-pattern.js";

/** A bearer token that the router takes: itself, or the hash of it. */
export interface TokenSettings {
  /** The token, 16 to 4,096 of `A-Z a-z 0-9 - . _ ~ + / =` (RFC 6750 section 2.1). */
  readonly value?: string | undefined;
  /** In place of `value`: its SHA-256 in hexadecimal, so that the secret is not with the router. */
  readonly sha256?: string | undefined;
  /** When it ends, such as `2027-01-31T00:00:00Z` (RFC 3339). Default: never. */
  readonly expires?: string | undefined;
}

/** Who may register what. Instances with one credential are one principal: they may take over each other's ids. */
export interface CredentialSettings {
  /** For logs, refusals and lists: 1 to 128 of `A-Z a-z 0-9 . _ : / -`. No secret. */
  readonly name: string;
  /** What it may register: full names (`acme.user.v1.UserService`), packages with all below them (`acme.user.*`), or `*`. */
  readonly services: readonly string[];
  /** Any of these is it; several, so that a token can be renewed. */
  readonly tokens?: readonly TokenSettings[] | undefined;
  /**
   * Any verified client certificate with one of these names is it, letter for letter: a DNS name or a URI, such as
   * `spiffe://acme/users`, among its subject alternative names; the common name if it has none of these.
   */
  readonly certificates?: readonly string[] | undefined;
}

/** Option `registration` of `createRouter`. */
export interface RegistrationSettings {
  /** Credentials that may register instances. An empty list: nobody may. */
  readonly credentials: readonly CredentialSettings[];
}

const names: readonly (keyof CredentialSettings)[] = ["name", "services", "tokens", "certificates"];
const tokenNames: readonly (keyof TokenSettings)[] = ["value", "sha256", "expires"];
const nameForm = /^[A-Za-z0-9._:/-]{1,128}$/;
const tokenForm = /^[A-Za-z0-9\-._~+/]+=*$/;
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * Checks everything but what needs a hash. Messages name the field and never what a secret is.
 *
 * @throws RouterError INVALID_SETTING, naming the first field that is wrong.
 */
export function validateCredentials(credentials: readonly CredentialSettings[]): void {
  if (!Array.isArray(credentials)) throw refusal("credentials", "a list", "something else");
  const seen = new Map<string, string>();
  for (const [index, credential] of credentials.entries()) {
    const at = `credentials[${index}]`;
    checkNames(at, credential, names);
    checkName(at, credential, seen);
    checkServices(at, credential);
    checkCertificates(at, credential, seen);
    checkTokens(at, credential);
    if ((credential.tokens?.length ?? 0) + (credential.certificates?.length ?? 0) === 0) {
      throw refusal(at, "something to be known by, tokens or certificates", "neither");
    }
  }
  const count = credentials.reduce((sum, { tokens = [] }) => sum + tokens.length, 0);
  if (count > maxCredentialTokens) throw refusal("credentials", `at most ${maxCredentialTokens} tokens`, count);
}

/** Milliseconds since 1970 at which a token ends; `Infinity`: never. */
export function expiryOf({ expires }: TokenSettings): number {
  return expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires);
}

/** The error for a field that is wrong. */
export function refusal(field: string, wanted: string, received: string | number): RouterError {
  return new RouterError(
    "INVALID_SETTING",
    `Cannot use credentials: registration.${field} must be ${wanted}, received ${received}`,
  );
}

function checkName(at: string, { name }: CredentialSettings, seen: Map<string, string>): void {
  if (typeof name !== "string" || !nameForm.test(name)) {
    throw refusal(`${at}.name`, "1 to 128 of A-Z a-z 0-9 . _ : / -", describe(name));
  }
  claim(`${at}.name`, `name ${name}`, seen);
}

function checkServices(at: string, { services }: CredentialSettings): void {
  if (!Array.isArray(services) || services.length === 0) {
    throw refusal(`${at}.services`, "a list of one service or more", describe(services));
  }
  services.forEach((pattern: unknown, place) => {
    if (typeof pattern === "string" && isServicePattern(pattern)) return;
    const wanted = "a service's full name, a package followed by .*, or *";
    throw refusal(`${at}.services[${place}]`, wanted, describe(pattern));
  });
}

function checkCertificates(at: string, { certificates = [] }: CredentialSettings, seen: Map<string, string>): void {
  if (!Array.isArray(certificates)) throw refusal(`${at}.certificates`, "a list of names", describe(certificates));
  certificates.forEach((name: unknown, place) => {
    const field = `${at}.certificates[${place}]`;
    if (typeof name !== "string" || name === "") {
      throw refusal(field, "a DNS name or a URI of the certificate", describe(name));
    }
    claim(field, `certificate ${name}`, seen);
  });
}

function checkTokens(at: string, { tokens = [] }: CredentialSettings): void {
  if (!Array.isArray(tokens)) throw refusal(`${at}.tokens`, "a list", "something else");
  for (const [place, token] of tokens.entries()) checkToken(`${at}.tokens[${place}]`, token);
}

function checkToken(at: string, token: TokenSettings): void {
  checkNames(at, token, tokenNames);
  const { value, sha256, expires } = token;
  if ((value === undefined) === (sha256 === undefined)) {
    throw refusal(at, "either value or sha256", value === undefined ? "neither" : "both");
  }
  if (value !== undefined && !isToken(value)) {
    const wanted = `${minTokenLength} to ${maxTokenLength} of A-Z a-z 0-9 - . _ ~ + / =`;
    throw refusal(`${at}.value`, wanted, `${String(value).length} characters`);
  }
  if (sha256 !== undefined && !/^[0-9a-fA-F]{64}$/.test(sha256)) {
    throw refusal(`${at}.sha256`, "64 hexadecimal digits", `${String(sha256).length} characters`);
  }
  if (expires !== undefined && !(timeForm.test(expires) && Number.isFinite(Date.parse(expires)))) {
    throw refusal(`${at}.expires`, "a time such as 2027-01-31T00:00:00Z", describe(expires));
  }
}

function isToken(value: unknown): boolean {
  if (typeof value !== "string" || !tokenForm.test(value)) return false;
  return value.length >= minTokenLength && value.length <= maxTokenLength;
}

/** A name that is nobody's is a rule that its writer believes in and that does not hold. */
function checkNames(at: string, settings: unknown, known: readonly string[]): void {
  if (typeof settings !== "object" || settings === null) throw refusal(at, "an object", describe(settings));
  const unknown = Object.keys(settings).find((name) => !known.includes(name));
  if (unknown !== undefined) throw refusal(`${at}.${unknown}`, `one of ${known.join(", ")}`, "another name");
}

function claim(field: string, what: string, seen: Map<string, string>): void {
  const other = seen.get(what);
  if (other !== undefined) throw refusal(field, "given once", `the same as ${other}`);
  seen.set(what, field);
}

function describe(value: unknown): string {
  return value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value)).slice(0, 100);
}
