// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AdminService } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { NodeError } from "../node-error.js";
import { readPolicies, readServiceConfigFile } from "./read-policies.js";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-policies-"));
afterAll(() => rmSync(folder, { recursive: true }));
const service = AdminService.typeName;

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What is thrown, with the folder left out. */
function failureOf(run: () => unknown): { readonly code: string; readonly lines: readonly string[] } {
  try {
    run();
  } catch (error) {
    if (error instanceof NodeError)
      return { code: error.code, lines: error.message.replaceAll(`${folder}/`, "").split("\n") };
    throw error;
  }
  throw new Error("Cannot fail: it must throw, it did not");
}

describe("readPolicies()", () => {
  it("answers what the file says by service", () => {
    const path = write("good.json", JSON.stringify({ services: { [service]: { retry_budget: { share: 0.5 } } } }));
    const layers = readPolicies(path, [AdminService]);
    expect([...layers]).toEqual([
      [service, { source: "configuration", service: { retryBudget: { share: 0.5 } }, methods: {} }],
    ]);
  });

  it("answers nothing for an empty file", () => {
    expect(readPolicies(write("empty.json", ""), [AdminService]).size).toBe(0);
  });

  it("tells every mistake with its place, in the order of the file", () => {
    const path = write(
      "bad.json",
      `{
  "services": {
    "${service}": {
      "methods": {
        "ListInstances": {
          "retry": { "max_attempts": 7 },
          "timeuot": "1s"
        },
        "Lost": {}
      },
      "balance": { "maglev": { "tableSize": 4 } }
    },
    "acme.v1.Users": {}
  }
}
`,
    );
    const at = `services["${service}"]`;
    expect(failureOf(() => readPolicies(path, [AdminService]))).toEqual({
      code: "CONFIG_INVALID",
      lines: [
        "Cannot use policies in bad.json: it must be without mistakes, received 5 mistakes",
        `bad.json:6:22: ${at}.methods.ListInstances.retry.max_attempts: max_attempts must be 2 to 5, received 7`,
        `bad.json:7:11: ${at}.methods.ListInstances.timeuot: there is no field "timeuot"; did you mean "timeout"?`,
        expect.stringContaining(`bad.json:9:9: ${at}.methods.Lost: ${service} has no method "Lost"`),
        `bad.json:11:32: ${at}.balance.maglev.tableSize: table_size must be a prime of at most 5000011, such as 65537, received 4`,
        `bad.json:13:5: services["acme.v1.Users"]: there is no service "acme.v1.Users" (there is ${service})`,
      ],
    });
  });

  it.each([
    ["text.json", "{\n oops", "text.json:2:2: the file must be JSON: "],
    ["twice.json", '{"services": {}, "services": {}}', 'twice.json:1:18: the name "services" is there twice'],
  ])("tells what is wrong with the text of %s", (name, text, line) => {
    const { code, lines } = failureOf(() => readPolicies(write(name, text), []));
    expect([code, lines.length]).toEqual(["CONFIG_INVALID", 2]);
    expect(lines[0]).toBe(`Cannot use policies in ${name}: it must be without mistakes, received 1 mistake`);
    expect(lines[1]).toContain(line);
  });

  it("tells a file that is not there, or of another kind", () => {
    expect(failureOf(() => readPolicies(join(folder, "none.json"), []))).toEqual({
      code: "FILE_UNREADABLE",
      lines: ["Cannot read policies from none.json: there is no such file"],
    });
    expect(failureOf(() => readPolicies(write("policies.toml", ""), []))).toEqual({
      code: "CONFIG_INVALID",
      lines: [
        "Cannot use policies in policies.toml: the file must be YAML or JSON (.yaml, .yml, .json), received .toml",
      ],
    });
    expect(failureOf(() => readPolicies(write("policies", ""), [])).lines).toEqual([
      "Cannot use policies in policies: the file must be YAML or JSON (.yaml, .yml, .json), received no extension",
    ]);
  });
});

describe("readServiceConfigFile()", () => {
  it("answers the config with its warnings", () => {
    const path = write("service.json", '{"loadBalancingConfig": [{"grpclb": {}},\n {"round_robin": {}}]}');
    const { config, warnings } = readServiceConfigFile(path);
    expect(config.shared).toEqual({ balance: { roundRobin: {} } });
    expect(warnings).toEqual([
      `${path}:1:26: loadBalancingConfig[0]: there is no grpclb here; the next policy of the list counts`,
    ]);
  });

  it("tells every mistake with its place", () => {
    const path = write("service-bad.json", '{"retryThrottling": {"maxTokens": 0},\n "methodConfig": [{"timeout": 5}]}');
    expect(failureOf(() => readServiceConfigFile(path)).lines).toEqual([
      "Cannot use the service config in service-bad.json: it must be without mistakes, received 3 mistakes",
      "service-bad.json:1:2: retryThrottling.tokenRatio: it must be there",
      "service-bad.json:1:22: retryThrottling.maxTokens: max_tokens must be 1 to 1000, received 0",
      'service-bad.json:2:20: methodConfig[0].timeout: it must be a duration in seconds, such as "0.25s", received 5',
    ]);
  });
});
