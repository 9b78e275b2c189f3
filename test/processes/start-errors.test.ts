// SPDX-License-Identifier: Apache-2.0
// Programs that cannot start say why in one line that tells what to do, and end with 1.
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCertificate } from "../harness/certificate.ts";
import { type Running, runProcess, startProcess } from "../harness/processes.ts";
import { cli } from "../harness/serve-command.ts";
import { startRouter } from "../harness/stack.ts";

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const start = pathOf("../../examples/quickstart/dist/start.js");
const routerModule = pathOf("../faults/gen/faults/v1/faults_router.ts");
const folder = mkdtempSync(join(tmpdir(), "grpc-router-start-"));
const { cert, key } = createCertificate();
const stranger = createCertificate();

let holder: Server;
let busy: number;

beforeAll(async () => {
  holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  busy = (holder.address() as { port: number }).port;
  writeFileSync(join(folder, "broken.js"), "throw new Error('broken in here');\n");
  writeFileSync(join(folder, "busy.js"), "setInterval(() => {}, 1_000);\n");
  writeFileSync(join(folder, "no.pem"), "not a certificate\n");
  const encrypted = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "geheim" } as const;
  writeFileSync(join(folder, "encrypted.pem"), createPrivateKey(readFileSync(key)).export(encrypted));
});
afterAll(() => holder.close());

interface Case {
  readonly name: string;
  readonly args: () => readonly string[];
  readonly says: RegExp;
}

const serve = (...args: readonly string[]) => ["serve", "--module", routerModule, "--no-admin", ...args];
const free = ["--listen", "127.0.0.1:0"];
const useful = "Stop the other process or choose another port";

const serveCases: readonly Case[] = [
  {
    name: "a port that is in use",
    args: () => serve("--listen", `127.0.0.1:${busy}`),
    says: new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:\\d+: the port is in use\\. ${useful}$`),
  },
  {
    name: "an admin port that is in use",
    args: () => ["serve", "--module", routerModule, ...free, "--admin", `127.0.0.1:${busy}`],
    says: new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:\\d+: the port is in use\\. ${useful}$`),
  },
  {
    name: "an address of another machine",
    args: () => serve("--listen", "203.0.113.7:8080", "--allow-unauthenticated-instances"),
    says: /^Cannot listen on 203\.0\.113\.7:8080: this machine has no such address\. Use 127\.0\.0\.1 or 0\.0\.0\.0$/,
  },
  {
    name: "a missing certificate",
    args: () => serve(...free, "--tls-cert", "nowhere.pem", "--tls-key", key),
    says: /^Cannot read tls\.cert from .*nowhere\.pem: there is no such file\. Give the path of a PEM file$/,
  },
  {
    name: "a certificate that is none",
    args: () => serve(...free, "--tls-cert", join(folder, "no.pem"), "--tls-key", key),
    says: /^Cannot use TLS: tls\.cert must hold a PEM block "CERTIFICATE", received .*no\.pem$/,
  },
  {
    name: "a key of another certificate",
    args: () => serve(...free, "--tls-cert", cert, "--tls-key", stranger.key),
    says: /^Cannot use TLS: tls\.key must be the key of tls\.cert, received that of another \(tls\.key from \S+, tls\.cert from \S+\)$/,
  },
  {
    name: "an encrypted key",
    args: () => serve(...free, "--tls-cert", cert, "--tls-key", join(folder, "encrypted.pem")),
    says: /^Cannot use TLS: tls\.key must not be encrypted, received an encrypted one from \S+encrypted\.pem\. Decrypt it: /,
  },
  {
    name: "a missing module",
    args: () => ["serve", "--module", "nowhere_router.js", ...free],
    says: /^Cannot load nowhere_router\.js: there is no such file\. Is it built\?$/,
  },
  {
    name: "a module that fails",
    args: () => ["serve", "--module", "broken.js", ...free],
    says: /^Cannot load broken\.js: broken in here$/,
  },
];

const bridgeCases: readonly Case[] = [
  {
    name: "a missing module",
    args: () => ["bridge", "nowhere.js", "--router", "http://127.0.0.1:1"],
    says: /^Cannot load nowhere\.js: there is no such file\. Is it built\?$/,
  },
  {
    name: "a URL that is none",
    args: () => ["bridge", pathOf("./fault-bridge.ts"), "--router", "localhost:8080"],
    says: /^Cannot dial .* must start with http:\/\/ or https:\/\/, received "localhost:8080"\. Write http:\/\/localhost:8080$/,
  },
  {
    name: "a missing authority",
    args: () => ["bridge", pathOf("./fault-bridge.ts"), "--router", "https://localhost:1", "--tls-ca", "nowhere.pem"],
    says: /^Cannot read tls\.ca from .*nowhere\.pem: there is no such file\. Give the path of a PEM file$/,
  },
];

async function refusal(program: string, args: readonly string[]) {
  const { code, stdout, stderr } = await runProcess(process.execPath, [program, ...args], { cwd: folder });
  // Progress goes to the log before something turns out to be wrong.
  const lines = stderr.split("\n").filter((line) => line !== "" && !/^\S+ info {2}/.test(line));
  return { code, stdout, lines };
}

describe("grpc-router", () => {
  test.concurrent.each(serveCases)("serve: $name", async ({ args, says }) => {
    expect(await refusal(cli, args())).toEqual({ code: 1, stdout: "", lines: [expect.stringMatching(says)] });
  });

  test.concurrent.each(bridgeCases)("bridge: $name", async ({ args, says }) => {
    expect(await refusal(cli, args())).toEqual({ code: 1, stdout: "", lines: [expect.stringMatching(says)] });
  });

  test("bridge: a module without a bridge is wrong usage, even if it runs something itself", async () => {
    const says = "Cannot run busy.js: it must export a bridge made by createBridge(), as `bridge` or as its default";
    expect(await refusal(cli, ["bridge", "busy.js", "--router", "http://127.0.0.1:1"])).toEqual({
      code: 2,
      stdout: "",
      lines: [says],
    });
  });

  test.concurrent.each([
    {
      name: "an address that cannot be read",
      args: ["--listen", "nowhere"],
      says: /Write host:port, such as 127\.0\.0\.1:8080/,
    },
    { name: "an unknown flag", args: ["--lissen", "1"], says: /^unknown option '--lissen'/ },
  ])("serve: $name is wrong usage, exit code 2", async ({ args, says }) => {
    expect(await refusal(cli, serve(...args))).toEqual({ code: 2, stdout: "", lines: [expect.stringMatching(says)] });
  });
});

describe("npm start", () => {
  test("a port that is in use", async () => {
    expect(await refusal(start, ["--port", `${busy}`, "--once"])).toEqual({
      code: 1,
      stdout: "",
      lines: [
        `Cannot start the router on 127.0.0.1:${busy}: the port is in use. Choose another one: npm start -- --port ${busy + 10}`,
      ],
    });
  });

  test.concurrent.each(["--port http", "--port 70000", "--instances 0", "--nonsense"])(
    "%s is refused",
    async (flags) => {
      const { code, stdout, lines } = await refusal(start, flags.split(" "));
      expect({ code, stdout, count: lines.length }, lines.join("\n")).toEqual({ code: 1, stdout: "", count: 1 });
    },
  );
});

describe("grpc-router as processes", () => {
  const toStop: Running[] = [];
  afterAll(async () => {
    await Promise.all(toStop.map((running) => running.stop()));
  });

  test.each(["SIGTERM", "SIGINT"] as const)("serve and bridge end with 0 on %s", async (signal) => {
    const router = await startProcess(process.execPath, { args: [cli, ...serve(...free)], ready: /^ready / });
    toStop.push(router);
    const address = /^ready (\S+) pid (\d+)$/.exec(router.line);
    expect(Number(address?.[2])).toBe(router.pid);
    const bridge = await startProcess(process.execPath, {
      args: [cli, "bridge", pathOf("./fault-bridge.ts"), "--router", `http://${address?.[1]}`, "--id", "named"],
      ready: /^registered pid \d+$/,
    });
    toStop.push(bridge);
    await router.untilLine(/named registered faults\.v1\.FaultService/);
    bridge.kill(signal);
    expect(await bridge.exited).toBe(0);
    await router.untilLine(/named has left faults\.v1\.FaultService: drained/);
    router.kill(signal);
    expect(await router.exited).toBe(0);
  });

  test("bridge waits for a router that is not there yet, and says so", async () => {
    const first = await startRouter();
    await first.stop();
    const bridge = await startProcess(process.execPath, {
      args: [cli, "bridge", pathOf("./fault-bridge.ts"), "--router", first.url],
      ready: /Cannot reach router http:\S+: connection refused\. Trying again in [\d.]+ s \(1st time\)/,
    });
    toStop.push(bridge);
    toStop.push(await startRouter({ port: first.port }));
    await bridge.untilLine(/^registered pid \d+$/);
  });
});
