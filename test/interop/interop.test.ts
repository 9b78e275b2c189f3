// SPDX-License-Identifier: Apache-2.0
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Running, runProcess, startProcess } from "../harness/processes.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { interopArgs, interopCases, orcaCases } from "./interop-cases.ts";

const program = fileURLToPath(new URL("./serve.ts", import.meta.url));

const missing = missingTool("grpc-go-interop");

describe.each([
  { over: "plain HTTP/2", flags: [] },
  { over: "TLS", flags: ["--tls"] },
])("serve:interop over $over", ({ flags }) => {
  let server: Running & { line: string };
  let ready: { readonly host: string; readonly port: string; readonly pid: string };

  beforeAll(async () => {
    server = await startServer(["--port", "0", ...flags]);
    const [, host = "", port = "", pid = ""] = /^ready (.+):(\d+) pid (\d+)$/.exec(server.line) ?? [];
    ready = { host, port, pid };
  });
  afterAll(() => server?.stop());

  test("prints where the router listens and its process", () => {
    expect(ready.host).toBe("127.0.0.1");
    expect(Number(ready.port)).toBeGreaterThan(0);
    expect(Number(ready.pid)).not.toBe(server.pid);
    expect(() => process.kill(Number(ready.pid), 0)).not.toThrow();
  });

  test.skipIf(missing !== undefined).each([...interopCases, ...orcaCases.perCall])(
    `gRPC interop client of Go${missing === undefined ? "" : `, skipped: ${missing}`}: %s`,
    async (name) => {
      const trust = flags.includes("--tls") ? ["--use_tls", "--use_test_ca", `--ca_file=${await certificate()}`] : [];
      const args = [...interopArgs(ready.host, ready.port, name), ...trust];
      const { code, stderr } = await runProcess(requireTool("grpc-go-interop"), args);
      expect(code, stderr).toBe(0);
    },
  );

  async function certificate(): Promise<string> {
    return (await server.untilLine(/^certificate /)).slice("certificate ".length);
  }
});

test("serve:interop says in one line that the port is in use", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as { port: number };
  const { code, stdout, stderr } = await runProcess(process.execPath, [program, "--port", `${port}`]);
  holder.close();
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toBe(
    `Cannot listen on 127.0.0.1:${port}: the port is in use. Stop the other process or choose another port\n`,
  );
});

function startServer(args: readonly string[]): Promise<Running & { line: string }> {
  return startProcess(process.execPath, { args: [program, ...args], ready: /^ready / });
}
