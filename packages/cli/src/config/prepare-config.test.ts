// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRouter, LogLevels, loadConfig } from "@grpc-router/node";
import { afterAll, expect, it } from "vitest";
import { prepareConfig } from "./prepare-config.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-prepare-"));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  join(folder, "router.yaml"),
  "listeners: { client: { tls: { certificate: cert.pem, key: key.pem } } }\ndrain: { grace: 9s }\n",
);

/** What is asked of a router of which one verb throws, and why it was refused. */
async function takenUntil(verb: string): Promise<string[]> {
  const told: string[] = [];
  const tell =
    <Answer>(name: string, answer: Answer) =>
    (): Answer => {
      told.push(name);
      if (name === verb) throw new Error("no");
      return answer;
    };
  const flags = { advertise: [], logLevel: "info" } as const;
  try {
    const { apply, renewed } = await prepareConfig(loadConfig(["router.yaml"], { folder }), {
      server: {
        checkCertificates: tell("checkCertificates", [{ path: ["listeners"], before: "old", after: "new" }]),
        setServices: tell("setServices", { added: [], changed: [], removed: [] }),
        reloadCertificates: tell("reloadCertificates", true),
        reloadCredentials: tell("reloadCredentials", undefined),
        setRouters: tell("setRouters", undefined),
      },
      levels: new LogLevels("info"),
      flagTls: undefined,
      held: undefined,
      configure: () => flags,
      create: async () => createRouter(),
      credentialsOf: () => undefined,
      onTaken: tell("onTaken", undefined),
    });
    told.push(`prepared, renewed ${renewed.map(({ after }) => after)}`);
    apply();
  } catch (error) {
    told.push(String(error));
  }
  return told;
}

it.each([
  [
    "nothing",
    ["checkCertificates", "prepared, renewed new", "setServices", "reloadCertificates", "setRouters", "onTaken"],
  ],
  ["checkCertificates", ["checkCertificates", "Error: no"]],
  ["setServices", ["checkCertificates", "prepared, renewed new", "setServices", "Error: no"]],
])("prepareConfig() takes all, or nothing where %s fails", async (verb, steps) => {
  expect(await takenUntil(verb)).toEqual(steps);
});
