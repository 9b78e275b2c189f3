// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { NodeError } from "../node-error.js";
import { readCredentials } from "./read-credentials.js";
import { readToken } from "./read-token.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-credentials-"));
afterAll(() => rmSync(folder, { recursive: true }));
const secret = "a-secret-of-24-characters";
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe("readToken()", () => {
  it("takes the line without the white space around it", () => {
    expect(readToken(write("token", `  ${secret}\r\n`))).toBe(secret);
  });

  it.each([
    ["empty", " \n", "the file must hold one token, received an empty one"],
    ["lines", `${secret}\n${secret}\n`, "the file must hold one token, received white space within it"],
  ])("refuses what holds none, without a word of it: %s", (name, text, message) => {
    const path = write(name, text);
    expect(() => readToken(path)).toThrow(
      new NodeError("CREDENTIALS_INVALID", `Cannot use the token in ${path}: ${message}`),
    );
  });

  it("says which file is missing", () => {
    const path = join(folder, "missing");
    expect(() => readToken(path)).toThrow(`Cannot read the token from ${path}: there is no such file`);
  });
});

describe("readCredentials()", () => {
  const entry = { name: "users", services: ["acme.user.*"] };
  const read = (credentials: unknown, env = {}) =>
    readCredentials(write("credentials.json", JSON.stringify({ credentials })), { env });

  it("takes tokens from where they are, files from beside itself", () => {
    mkdirSync(join(folder, "secrets"), { recursive: true });
    write("secrets/users", `${secret}\n`);
    const tokens = [
      { file: "secrets/users", expires: "2030-01-01T00:00:00Z" },
      { env: "USERS_TOKEN" },
      { sha256: "0a".repeat(32) },
    ];
    const other = { name: "billing", services: ["*"], certificates: ["spiffe://acme/billing"] };
    expect(read([{ ...entry, tokens }, other], { USERS_TOKEN: ` ${secret}-2\n` })).toEqual([
      {
        ...entry,
        tokens: [
          { value: secret, expires: "2030-01-01T00:00:00Z" },
          { value: `${secret}-2` },
          { sha256: "0a".repeat(32) },
        ],
      },
      other,
    ]);
    expect(read([])).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["text", ["users"], 'credentials[0] must be an object, received "users"'],
    [
      "a token that is no object",
      [{ ...entry, tokens: [secret] }],
      "credentials[0].tokens[0] must be an object, received string",
    ],
    [
      "a token in the file itself",
      [{ ...entry, tokens: [{ value: secret }] }],
      "credentials[0].tokens[0].value must be one of file, env, sha256, expires, received another name",
    ],
    [
      "two sources",
      [{ ...entry, tokens: [{ file: "a", env: "B" }] }],
      "credentials[0].tokens[0] must have one of file, env and sha256, received 2",
    ],
    [
      "no source",
      [{ ...entry, tokens: [{ expires: "2030-01-01T00:00:00Z" }] }],
      "credentials[0].tokens[0] must have one of file, env and sha256, received 0",
    ],
    [
      "a source that is no text",
      [{ ...entry, tokens: [{ file: 5 }] }],
      "credentials[0].tokens[0] must be of text, received number",
    ],
    [
      "a file that is missing",
      [{ ...entry, tokens: [{ file: "none" }] }],
      `credentials[0].tokens[0].file must be readable. Cannot read the token from ${join(folder, "none")}: there is no such file`,
    ],
    [
      "a variable that is not set",
      [{ ...entry, tokens: [{ env: "NONE" }] }],
      "credentials[0].tokens[0].env must name a variable of the environment that is set, received NONE",
    ],
    [
      "a short token",
      [{ ...entry, tokens: [{ env: "SHORT" }] }],
      "credentials[0].tokens[0].value must be 16 to 4096 of A-Z a-z 0-9 - . _ ~ + / =, received 6 characters",
    ],
    [
      "a wrong field",
      [entry, { ...entry, token: secret }],
      "credentials[0] must be something to be known by, tokens or certificates, received neither",
    ],
    [
      "a wrong name",
      [{ ...entry, name: "a b", tokens: [{ env: "LONG" }] }],
      'credentials[0].name must be 1 to 128 of A-Z a-z 0-9 . _ : / -, received "a b"',
    ],
  ])("refuses %s, naming file and field", (_name, credentials, message) => {
    const path = join(folder, "credentials.json");
    const attempt = () => read(credentials, { SHORT: "secret", LONG: secret });
    expect(attempt).toThrow(new NodeError("CREDENTIALS_INVALID", `Cannot use credentials of ${path}: ${message}`));
    expect(attempt).not.toThrow(secret);
  });

  it.each([
    ["other text", `{"credentials": [{ ${secret}`, "the file must be JSON, received other text"],
    ["a list", "[]", 'the file must be {"credentials": […]}, received something else'],
    ["another field", '{"credentials":[],"more":1}', 'the file must be {"credentials": […]}, received something else'],
  ])("refuses a file of %s", (_name, text, message) => {
    const path = write("other.json", text);
    expect(() => readCredentials(path)).toThrow(`Cannot use credentials of ${path}: ${message}`);
  });
});
