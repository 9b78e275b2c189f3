// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { RouterError } from "../router-error.js";
import { CredentialBook } from "./credential-book.js";
import { type CredentialSettings, validateCredentials } from "./credential-settings.js";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const secret = "0123456789abcdef-secret";
const good: CredentialSettings = { name: "users", services: ["acme.user.*"], tokens: [{ value: secret }] };

describe("validateCredentials()", () => {
  test.each<[string, readonly CredentialSettings[]]>([
    ["nobody", []],
    ["a token", [good]],
    [
      "a hash, until some day",
      [{ ...good, tokens: [{ sha256: "0f".repeat(32), expires: "2027-01-31T00:00:00+01:00" }] }],
    ],
    ["a certificate alone", [{ name: "a:b/c", services: ["*"], certificates: ["spiffe://acme/users", "users.acme"] }]],
    ["several of both", [good, { ...good, name: "other", tokens: [{ value: `${secret}=` }], certificates: ["b"] }]],
  ])("takes %s", (_name, credentials) => {
    expect(() => validateCredentials(credentials)).not.toThrow();
  });

  // What JSON or YAML can hold, whatever the types say.
  const wrong: readonly [string, unknown, string][] = [
    ["no list", {}, "registration.credentials must be a list, received something else"],
    ["no object", ["users"], 'credentials[0] must be an object, received "users"'],
    [
      "no name",
      [{ ...good, name: undefined }],
      "credentials[0].name must be 1 to 128 of A-Z a-z 0-9 . _ : / -, received nothing",
    ],
    [
      "a name with a space",
      [{ ...good, name: "a b" }],
      'credentials[0].name must be 1 to 128 of A-Z a-z 0-9 . _ : / -, received "a b"',
    ],
    [
      "a name twice",
      [good, { ...good }],
      "credentials[1].name must be given once, received the same as credentials[0].name",
    ],
    [
      "another field",
      [{ ...good, token: secret }],
      "credentials[0].token must be one of name, services, tokens, certificates, received another name",
    ],
    [
      "no services",
      [{ ...good, services: [] }],
      "credentials[0].services must be a list of one service or more, received []",
    ],
    [
      "a wildcard in a name",
      [{ ...good, services: ["*", "acme.us*"] }],
      'credentials[0].services[1] must be a service\'s full name, a package followed by .*, or *, received "acme.us*"',
    ],
    [
      "tokens that are no list",
      [{ ...good, tokens: secret }],
      "credentials[0].tokens must be a list, received something else",
    ],
    [
      "neither token nor certificate",
      [{ ...good, tokens: [] }],
      "credentials[0] must be something to be known by, tokens or certificates, received neither",
    ],
    [
      "a token of two kinds",
      [{ ...good, tokens: [{ value: secret, sha256: "00".repeat(32) }] }],
      "credentials[0].tokens[0] must be either value or sha256, received both",
    ],
    [
      "a token of none",
      [{ ...good, tokens: [{}] }],
      "credentials[0].tokens[0] must be either value or sha256, received neither",
    ],
    [
      "a token of another kind",
      [{ ...good, tokens: [{ file: "x" }] }],
      "credentials[0].tokens[0].file must be one of value, sha256, expires, received another name",
    ],
    [
      "a short token",
      [{ ...good, tokens: [{ value: "0123456789abcde" }] }],
      "credentials[0].tokens[0].value must be 16 to 4096 of A-Z a-z 0-9 - . _ ~ + / =, received 15 characters",
    ],
    [
      "a token with a space",
      [{ ...good, tokens: [{ value: "0123456789 abcdef" }] }],
      "credentials[0].tokens[0].value must be 16 to 4096 of A-Z a-z 0-9 - . _ ~ + / =, received 17 characters",
    ],
    [
      "a short hash",
      [{ ...good, tokens: [{ sha256: "00" }] }],
      "credentials[0].tokens[0].sha256 must be 64 hexadecimal digits, received 2 characters",
    ],
    [
      "a day without a time",
      [{ ...good, tokens: [{ value: secret, expires: "2027-01-31" }] }],
      'credentials[0].tokens[0].expires must be a time such as 2027-01-31T00:00:00Z, received "2027-01-31"',
    ],
    [
      "a day that is none",
      [{ ...good, tokens: [{ value: secret, expires: "2027-13-31T00:00:00Z" }] }],
      'credentials[0].tokens[0].expires must be a time such as 2027-01-31T00:00:00Z, received "2027-13-31T00:00:00Z"',
    ],
    [
      "certificates that are no list",
      [{ ...good, certificates: "a" }],
      'credentials[0].certificates must be a list of names, received "a"',
    ],
    [
      "an empty name of a certificate",
      [{ ...good, certificates: [""] }],
      'credentials[0].certificates[0] must be a DNS name or a URI of the certificate, received ""',
    ],
    [
      "a certificate twice",
      [
        { ...good, certificates: ["a"] },
        { ...good, name: "other", certificates: ["a"] },
      ],
      "credentials[1].certificates[0] must be given once, received the same as credentials[0].certificates[0]",
    ],
    [
      "too many tokens",
      [{ ...good, tokens: Array.from({ length: 1025 }, (_, at) => ({ value: `${secret}-${at}` })) }],
      "registration.credentials must be at most 1024 tokens, received 1025",
    ],
  ];
  test.each(wrong)("refuses %s, naming the field and no secret", (_name, credentials, message) => {
    let error: unknown;
    try {
      validateCredentials(credentials as readonly CredentialSettings[]); // that it is none is the point
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(RouterError);
    expect(error).toMatchObject({ code: "INVALID_SETTING", message: expect.stringContaining(message) });
    expect(String(error)).toMatch(/^RouterError: Cannot use credentials: registration\.credentials/);
    expect(String(error)).not.toContain("secret");
  });
});

describe("CredentialBook", () => {
  test("refuses one token of two credentials, whether as itself or as its hash", () => {
    const hash = createHash("sha256").update(secret).digest("hex");
    const other = { ...good, name: "other", tokens: [{ value: `${secret}-2` }, { sha256: hash.toUpperCase() }] };
    expect(() => new CredentialBook([good, other], sha256)).toThrow(
      "credentials[1].tokens[1] must be given once, received the same token as credentials[0].tokens[0]",
    );
  });

  test("finds a credential by each of its tokens and certificates, and no other", () => {
    const book = new CredentialBook(
      [
        { ...good, tokens: [{ value: secret }, { value: `${secret}-2`, expires: "2027-01-31T00:00:00Z" }] },
        { name: "billing", services: ["acme.billing.v1.BillingService"], certificates: ["spiffe://acme/billing", "b"] },
      ],
      sha256,
    );
    const byToken = (token: string) => book.ofToken(sha256(new TextEncoder().encode(token)));
    expect(byToken(secret)).toMatchObject({ name: "users", expiresMs: Number.POSITIVE_INFINITY });
    expect(byToken(`${secret}-2`)).toMatchObject({ name: "users", expiresMs: Date.UTC(2027, 0, 31) });
    expect(byToken(`${secret}-3`)).toBeUndefined();
    expect(byToken(secret)?.covers("acme.user.v1.UserService")).toBe(true);
    expect(byToken(secret)?.covers("acme.billing.v1.BillingService")).toBe(false);
    expect(book.ofCertificate(["a", "b"])?.name).toBe("billing");
    expect(book.ofCertificate(["spiffe://acme/billing"])?.name).toBe("billing");
    for (const names of [[], ["spiffe://acme/Billing"], ["spiffe://acme/billing/x"], ["spiffe://acme"], ["*"]]) {
      expect(book.ofCertificate(names), String(names)).toBeUndefined();
    }
  });
});
