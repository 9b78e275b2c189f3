// SPDX-License-Identifier: Apache-2.0
import { type CredentialSettings, expiryOf, refusal, validateCredentials } from "./credential-settings.js";
import { findDigest, wordsOf } from "./find-digest.js";
import { coversService } from "./service-pattern.js";

/** Hashes bytes with SHA-256. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** A credential that was found, and until when it holds. */
export interface KnownCredential {
  readonly name: string;
  /** Milliseconds since 1970; `Infinity`: no end of its own. */
  readonly expiresMs: number;
  /** Whether it may register the service. */
  covers(service: string): boolean;
}

interface Token {
  readonly credential: CredentialSettings;
  readonly expiresMs: number;
}

/** The credentials of a router, by what proves them. Tokens are kept as hashes only. */
export class CredentialBook {
  readonly #digests: Uint32Array;
  readonly #tokens: readonly Token[];
  readonly #certificates = new Map<string, CredentialSettings>();

  /** @throws RouterError INVALID_SETTING, naming the first field that is wrong. */
  constructor(credentials: readonly CredentialSettings[], sha256: Sha256) {
    validateCredentials(credentials);
    const tokens: Token[] = [];
    const digests: Uint8Array[] = [];
    const fields = new Map<string, string>();
    credentials.forEach((credential, index) => {
      for (const name of credential.certificates ?? []) this.#certificates.set(name, credential);
      credential.tokens?.forEach((token, place) => {
        const field = `credentials[${index}].tokens[${place}]`;
        const digest = token.sha256 === undefined ? hashToken(token.value ?? "", sha256) : fromHex(token.sha256);
        const key = digest.join();
        const other = fields.get(key);
        if (other !== undefined) throw refusal(field, "given once", `the same token as ${other}`);
        fields.set(key, field);
        digests.push(digest);
        tokens.push({ credential, expiresMs: expiryOf(token) });
      });
    });
    this.#tokens = tokens;
    this.#digests = wordsOf(digests);
  }

  /** The credential of the token with this hash. */
  ofToken(digest: Uint8Array): KnownCredential | undefined {
    const token = this.#tokens[findDigest(this.#digests, wordsOf([digest]))];
    return token && known(token.credential, token.expiresMs);
  }

  /** The credential of a verified certificate with these names: of the first name that is listed. */
  ofCertificate(names: readonly string[]): KnownCredential | undefined {
    for (const name of names) {
      const credential = this.#certificates.get(name);
      if (credential !== undefined) return known(credential, Number.POSITIVE_INFINITY);
    }
    return undefined;
  }
}

/** What a token is compared by. */
export function hashToken(token: string, sha256: Sha256): Uint8Array {
  return sha256(new TextEncoder().encode(token));
}

function known({ name, services }: CredentialSettings, expiresMs: number): KnownCredential {
  return { name, expiresMs, covers: (service) => services.some((pattern) => coversService(pattern, service)) };
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
