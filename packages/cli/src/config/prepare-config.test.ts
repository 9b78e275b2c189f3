// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRouter, LogLevels, loadConfig, type RenewableCertificates } from "@grpc-router/node";
import { afterAll, expect, it } from "vitest";
import { prepareConfig } from "./prepare-config.js";
import type { RunningTls } from "./prepare-tls.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-prepare-"));
afterAll(() => rmSync(folder, { recursive: true }));

const tls = "tls: { certificate: cert.pem, key: key.pem }";
writeFileSync(
  join(folder, "router.yaml"),
  `listeners:\n  client: { ${tls} }\n  admin: { ${tls} }\ndrain: { grace: 9s }\n`,
);
writeFileSync(join(folder, "plain.yaml"), "listeners:\n  client: {}\n");

interface Given {
  readonly file?: string;
  readonly configured?: RunningTls["configured"];
  readonly certificates?: Partial<RunningTls["certificates"]>;
}

/** What is asked of a router of which some verbs throw, and why it was refused. */
async function takenUntil(failing: readonly string[], given: Given = {}): Promise<string[]> {
  const { file = "router.yaml", configured = ["client", "registration", "admin"], certificates } = given;
  const told: string[] = [];
  const tell =
    <Answer>(name: string, answer: Answer) =>
    (): Answer => {
      told.push(name);
      if (failing.includes(name)) throw new Error(`Cannot use TLS: tls.key must be of ${name}`);
      return answer;
    };
  const certificatesOf = (listener: string): RenewableCertificates => ({
    prepare: (files) => {
      const path = ["listeners", listener, "tls", "certificate"];
      const take = tell(`take ${listener}`, true);
      return tell(`prepare ${listener}`, { differences: [{ path, before: files?.cert, after: "new" }], take })();
    },
  });
  const flags = { advertise: [], logLevel: "info" } as const;
  try {
    const { apply, renewed } = await prepareConfig(loadConfig([file], { folder }), {
      server: {
        setServices: tell("setServices", { added: [], changed: [], removed: [] }),
        reloadCredentials: tell("reloadCredentials", undefined),
        setRouters: tell("setRouters", undefined),
      },
      levels: new LogLevels("info"),
      tls: {
        certificates: {
          client: certificatesOf("client"),
          registration: undefined,
          admin: certificatesOf("admin"),
          ...certificates,
        },
        configured,
      },
      held: undefined,
      configure: () => flags,
      create: async () => createRouter(),
      credentialsOf: () => undefined,
      onTaken: tell("onTaken", undefined),
    });
    const files = renewed.map(({ path, before }) => `${path[1]} from ${before ?? "its own"}`);
    told.push(`prepared: ${files.join(", ").replaceAll(`${folder}/`, "")}`);
    apply();
  } catch (error) {
    told.push(...(error instanceof Error ? error.message : String(error)).split("\n"));
  }
  return told;
}

const prepared = ["prepare client", "prepare admin", "prepared: client from cert.pem, admin from cert.pem"];

it.each([
  [[], [...prepared, "setServices", "take client", "take admin", "setRouters", "onTaken"]],
  [["setServices"], [...prepared, "setServices", "Cannot use TLS: tls.key must be of setServices"]],
  [
    ["prepare client", "prepare admin"],
    [
      "prepare client",
      "prepare admin",
      "Cannot use the configuration router.yaml: it must be without mistakes, received 2 mistakes",
      "router.yaml:2:43: listeners.client.tls.key: Cannot use TLS: tls.key must be of prepare client",
      "router.yaml:3:42: listeners.admin.tls.key: Cannot use TLS: tls.key must be of prepare admin",
    ],
  ],
])("prepareConfig() takes all, or nothing where %j fail", async (failing, steps) => {
  expect(await takenUntil(failing)).toEqual(steps);
});

it("prepareConfig() reads again what flags name, and says why it cannot be used", async () => {
  const told = await takenUntil([], { configured: ["registration"] });
  expect(told[2]).toBe("prepared: client from its own, admin from its own");
  const refused = await takenUntil(["prepare admin"], { configured: ["client", "registration"] });
  expect(refused.slice(2)).toEqual(["Cannot use TLS: tls.key must be of prepare admin"]);
});

const restart = "Cannot use certificates: whether there are any takes a restart, the listener began with";

it.each<[string, Given, string[]]>([
  [
    "none any more",
    { file: "plain.yaml" },
    [
      `plain.yaml:1:1: listeners.admin.tls: ${restart} some, received none`,
      `plain.yaml:2:3: listeners.client.tls: ${restart} some, received none`,
    ],
  ],
  [
    "some for plain text",
    { certificates: { client: undefined } },
    [`router.yaml:2:13: listeners.client.tls: ${restart} none, received some`],
  ],
])("prepareConfig() refuses %s", async (_, given, reasons) => {
  const told = await takenUntil([], given);
  expect(told.filter((line) => /\.yaml:\d/.test(line))).toEqual(reasons);
});
