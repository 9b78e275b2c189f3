// SPDX-License-Identifier: Apache-2.0
// The binary as people run it; it runs what `npm run build` made.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { startTestServer } from "./call/test-service.suite.js";

const binary = fileURLToPath(new URL("../bin/grpc-router.js", import.meta.url));
const built = existsSync(fileURLToPath(new URL("../dist/main.js", import.meta.url))) || process.env.CI === "true";

function runBinary(args: readonly string[], input = ""): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [binary, ...args], { stdio: "pipe" });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.once("close", (code) => resolve({ code, out, err }));
    child.stdin.on("error", () => {}); // a command may end without reading its input
    child.stdin.end(input);
  });
}

describe.skipIf(!built)("grpc-router (built by: npm run build)", () => {
  it("prints its version and ends with 0", async () => {
    const { code, out } = await runBinary(["version"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^grpc-router \d/);
  });

  it("ends with 2 on wrong usage", async () => {
    expect(await runBinary(["nonsense"])).toEqual({
      code: 2,
      out: "",
      err: "unknown command 'nonsense'. See: grpc-router --help\n",
    });
  });

  it("calls with messages from standard input, leaving nothing open", async () => {
    const server = await startTestServer();
    const path = `${server.url}/test.v1.NoteService/Count`;
    expect(await runBinary(["call", path, "-d", "@"], '{"text":"a"}\n{"text":"b"}\n')).toEqual({
      code: 0,
      out: '{"text":"a+b","count":2}\n',
      err: "",
    });
    server.close();
  });

  it("serves on when nobody reads its log any more, and stops in order", async () => {
    const child = spawn(process.execPath, [binary, "serve", "--listen", "127.0.0.1:0", "--no-admin"], {
      stdio: "pipe",
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill("SIGTERM"); // of which the log tells
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("ends as with Ctrl-C when nobody reads what it writes any more", async () => {
    const server = await startTestServer();
    const args = ["call", `${server.url}/test.v1.NoteService/Chat`, "-d", "@"];
    const child = spawn(process.execPath, [binary, ...args], { stdio: "pipe" });
    let err = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.stdin.on("error", () => {});
    child.stdin.write('{"text":"a"}\n');
    await once(child.stdout, "data");
    child.stdout.destroy();
    child.stdin.write('{"text":"b"}\n');
    expect(await once(child, "close")).toEqual([65, null]);
    expect(err).toMatch(/^CANCELLED \(1\): .*\n$/);
    server.close();
  });

  it("ends with 64 + UNAVAILABLE when nobody listens", async () => {
    const server = await startTestServer();
    server.close();
    const { code, err } = await runBinary(["call", server.address, "test.v1.NoteService/Get"]);
    expect(code).toBe(78);
    expect(err).toMatch(/^UNAVAILABLE \(14\): Cannot reach .*: connection refused\. Is the router running\?\n$/);
  });
});
