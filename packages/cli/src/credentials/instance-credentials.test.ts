// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createTestIo } from "../test-io.suite.js";
import { bridgeTokenOf } from "./bridge-token.js";
import { credentialsOf } from "./instance-credentials.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-cli-credentials-"));
afterAll(() => rmSync(folder, { recursive: true }));
const secret = "a-secret-of-24-characters";
writeFileSync(join(folder, "token"), `${secret}\n`);
writeFileSync(join(folder, "short"), "short\n");
writeFileSync(
  join(folder, "credentials.json"),
  '{"credentials":[{"name":"users","services":["a.*"],"tokens":[{"env":"USERS_TOKEN"}]}]}',
);
const all = (value: string) => [{ name: "instances", services: ["*"], tokens: [{ value }] }];

describe("credentialsOf()", () => {
  const io = createTestIo({ folder, env: { USERS_TOKEN: secret, GRPC_ROUTER_INSTANCE_TOKEN: ` ${secret}-env\n` } });

  it("takes the file with credentials, else the token's, else the environment's", () => {
    const users = [{ name: "users", services: ["a.*"], tokens: [{ value: secret }] }];
    expect(credentialsOf({ credentials: "credentials.json" }, io)?.()).toEqual(users);
    expect(credentialsOf({ instanceTokenFile: "token" }, io)?.()).toEqual(all(secret));
    expect(credentialsOf({}, io)?.()).toEqual(all(`${secret}-env`));
    expect(credentialsOf({}, createTestIo({ env: { GRPC_ROUTER_INSTANCE_TOKEN: "" } }))).toBeUndefined();
  });

  it("reads the file again each time", () => {
    const read = credentialsOf({ instanceTokenFile: "renewed" }, io);
    for (const token of [`${secret}-1`, `${secret}-2`]) {
      writeFileSync(join(folder, "renewed"), token);
      expect(read?.()).toEqual(all(token));
    }
  });

  it("refuses two answers, and a token that is none", () => {
    expect(() => credentialsOf({ credentials: "a", instanceTokenFile: "b" }, io)).toThrow(
      "Cannot use credentials: give --credentials or --instance-token-file, received both",
    );
    expect(() => credentialsOf({ instanceTokenFile: "short" }, io)?.()).toThrow(
      `Cannot use the token of ${join(folder, "short")}: it must be 16 to 4096 of A-Z a-z 0-9 - . _ ~ + / =, received 5 characters`,
    );
  });
});

describe("bridgeTokenOf()", () => {
  it("reads the file anew each time, else the environment", () => {
    const io = createTestIo({ folder, env: { GRPC_ROUTER_TOKEN: `${secret}-env ` } });
    writeFileSync(join(folder, "own"), `${secret}-1`);
    const token = bridgeTokenOf("own", io);
    writeFileSync(join(folder, "own"), `${secret}-2`);
    expect(token?.()).toBe(`${secret}-2`);
    expect(bridgeTokenOf(undefined, io)?.()).toBe(`${secret}-env`);
    expect(bridgeTokenOf(undefined, createTestIo())).toBeUndefined();
  });

  it("says at once that the file is missing", () => {
    expect(() => bridgeTokenOf("none", createTestIo({ folder }))).toThrow(
      `Cannot read the token from ${join(folder, "none")}: there is no such file`,
    );
  });
});
