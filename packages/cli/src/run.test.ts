// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { run } from "./run.js";
import { createTestIo } from "./test-io.suite.js";

async function runCli(...args: readonly string[]) {
  const io = createTestIo();
  const code = await run(args, io);
  return { code, ...io.text };
}

describe("run()", () => {
  it.each([
    [["frobnicate"], "unknown command 'frobnicate'. See: grpc-router --help\n"],
    [["\u001b[2J"], "unknown command '\\u{1b}[2J'. See: grpc-router --help\n"],
    [["version", "--no-such"], "unknown option '--no-such'. See: grpc-router version --help\n"],
    [
      ["config", "reload", "x"],
      "too many arguments for 'reload'. Expected 0 arguments but got 1: x. See: grpc-router config reload --help\n",
    ],
    [["call"], "missing required argument 'url'. See: grpc-router call --help\n"],
    [
      ["serve", "--module", "x.js", "--listen", "nowhere"],
      "option '--listen <host:port>' argument 'nowhere' is invalid. Write host:port, such as 127.0.0.1:8080. See: grpc-router serve --help\n",
    ],
    [
      ["instances", "-o", "xml"],
      "option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are table, json, yaml. See: grpc-router instances --help\n",
    ],
  ])("%s ends with 2 and one line", async (args, err) => {
    expect(await runCli(...args)).toEqual({ code: 2, out: "", err });
  });

  it.each(["--version", "-V"])("%s is the command of that name", async (flag) => {
    expect(await runCli(flag)).toEqual(await runCli("version"));
  });

  it("shows no presets that say nothing", async () => {
    const { out } = await runCli("serve", "--help");
    expect(out).toContain("(default: 10s)");
    expect(out).not.toMatch(/default:\s+(?:false|\[\])/);
    expect((await runCli("drain", "--help")).out).not.toMatch(/default:\s+""/);
  });

  it("without a command shows the help and ends with 2", async () => {
    const { code, err } = await runCli();
    expect(code).toBe(2);
    expect(err).toContain("Usage: grpc-router");
  });

  it.each([
    [["--help"], ["serve", "bridge", "instances", "stats", "call", "version", "Exit codes: 0 ok"]],
    [
      ["serve", "--help"],
      ["--module", "--listen", "Examples:\n  grpc-router serve"],
    ],
    [
      ["bridge", "--help"],
      ["--router", "--capacity", "Examples:\n  grpc-router bridge"],
    ],
    [
      ["instances", "--help"],
      ["--admin", "Examples:\n  grpc-router instances"],
    ],
    [
      ["stats", "--help"],
      ["--admin", "--all", "Examples:\n  grpc-router stats"],
    ],
    [
      ["call", "--help"],
      ["--data", "--schema", "Examples:\n  grpc-router call"],
    ],
  ])("%s shows help with examples and ends with 0", async (args, parts) => {
    const { code, out, err } = await runCli(...args);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const part of parts) expect(out).toContain(part);
  });

  it("version names version and platform", async () => {
    const { code, out } = await runCli("version");
    expect(code).toBe(0);
    expect(out).toMatch(/^grpc-router \d+\.\d+\.\d+ \(node \d+\.\d+\.\d+, \w+ \w+\)\n$/);
  });
});
