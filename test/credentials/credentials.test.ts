// SPDX-License-Identifier: Apache-2.0
// Who may register, by the command, in processes of their own: tokens, certificates, their renewal and their end.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import { type Running, runProcess } from "../harness/processes.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { type CredentialRig, createCredentialRig } from "./credential-rig.ts";

const secrets = ["first", "second", "third", "fourth"].map((name) => `${name}-secret-0123456789`);
const [first = "", second = "", third = "", fourth = ""] = secrets;
const everything = ["faults.v1.*", "grpc.testing.*"];

/** A test starts up to seven processes, on a machine that may be busy. */
const PATIENCE_MS = 90_000;

let rig: CredentialRig;
let clients: ReturnType<typeof createFaultClient>[];

beforeEach(() => {
  rig = createCredentialRig();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await rig.stop();
});

function connect(address: string, ca?: string) {
  const client = createFaultClient(address, ca === undefined ? {} : { ca: readFileSync(ca, "utf8") });
  clients.push(client);
  return client;
}

/** What is nobody's business is in no line of a process. */
function expectNoSecrets(...running: readonly Running[]): void {
  for (const { output } of running) for (const secret of secrets) expect(output.join("\n")).not.toContain(secret);
}

describe("tokens", { timeout: PATIENCE_MS }, () => {
  beforeEach(() => {
    rig.write("first.token", first);
    rig.write("second.token", second);
    rig.write("wrong.token", "a-token-that-nobody-has");
    rig.list([
      { name: "all", services: everything, tokens: [{ file: "first.token" }] },
      { name: "faults", services: ["faults.v1.FaultService"], tokens: [{ file: "second.token" }] },
    ]);
  });
  const token = (name: string) => ["--token-file", rig.path(`${name}.token`)];

  test("let in whom they are for, for what they are for, and everybody else learns why not", async () => {
    const router = await rig.serve(["--credentials", rig.path("credentials.json"), "--trace-frames"]);
    const url = `http://${router.address}`;
    const refused: readonly [id: string, flags: readonly string[], line: RegExp][] = [
      [
        "none",
        [],
        / error Cannot register faults\.v1\.FaultService: the instance must show a credential that the router knows, received none \(CREDENTIAL_INVALID\)\. Give it a token or a certificate that the router lists\. Next attempt in [4-7]\d s/,
      ],
      ["wrong", token("wrong"), /received another \(CREDENTIAL_INVALID\)/],
      [
        "partly",
        token("second"),
        /Cannot register grpc\.testing\.TestService: the credential faults must be allowed to serve it \(SERVICE_NOT_ALLOWED\)\. Add it to the services of that credential at the router, or use another\. Next attempt in [4-7]\d s/,
      ],
    ];
    const bridges: Running[] = [];
    for (const [id, flags, line] of refused) {
      const bridge = await rig.bridge({ url, id, flags, ready: /Cannot register/ });
      bridges.push(bridge);
      await bridge.untilLine(line);
    }
    const owner = await rig.bridge({ url, id: "owner", flags: token("first") });
    // The same id by another credential, and by the same one.
    const thief = await rig.bridge({ url, id: "owner", flags: token("second"), ready: /ID_NOT_YOURS/ });
    await thief.untilLine(
      /Cannot register faults\.v1\.FaultService as owner: the id must be free, another principal holds it \(ID_NOT_YOURS\)\. Choose another id/,
    );
    const answer = await connect(router.address).run({ name: "call" });
    expect(["owner", "partly"]).toContain(answer.messages[0]?.instance);
    const successor = await rig.bridge({ url, id: "owner", flags: token("first") });
    expect(await owner.exited).toBe(1);
    expectNoSecrets(router, owner, thief, successor, ...bridges);
    // A frame trace was on, and saw the field.
    expect(router.output.some((line) => /authorization: \(\d+ octets\)/.test(line))).toBe(true);
  });

  test("are no business of clients: grpcurl and grpcio call without", async () => {
    const router = await rig.serve(["--credentials", rig.path("credentials.json")]);
    await rig.bridge({ url: `http://${router.address}`, id: "one", flags: token("first") });
    if (missingTool("grpcurl") === undefined) {
      const args = ["-plaintext", "-d", '{"response_size": 3}', router.address, "grpc.testing.TestService/UnaryCall"];
      const { code, stdout, stderr } = await runProcess(requireTool("grpcurl"), args);
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ payload: { body: "AAAA" } });
    }
    if (missingTool("grpc-python") === undefined) {
      const [program, protos] = ["../python/client.py", "../interop/proto"].map((path) =>
        fileURLToPath(new URL(path, import.meta.url)),
      );
      const { code, stdout, stderr } = await runProcess(requireTool("grpc-python"), [
        program ?? "",
        router.address,
        protos ?? "",
      ]);
      expect(code, stdout + stderr).toBe(0);
    }
  });

  test("work for the bridge of another server, too, which registers without generated frames", async () => {
    const router = await rig.serve(["--credentials", rig.path("credentials.json")]);
    const target = await rig.serve(["--instance-token-file", rig.write("fourth.token", fourth)]);
    await rig.bridge({
      url: `http://${target.address}`,
      id: "behind",
      flags: ["--token-file", rig.path("fourth.token")],
    });
    const relay = (flags: readonly string[], ready: RegExp) =>
      rig.relay({
        to: target.address,
        url: `http://${router.address}`,
        service: "faults.v1.FaultService",
        flags,
        ready,
      });
    await relay(token("wrong"), /received another \(CREDENTIAL_INVALID\)/);
    await relay(token("second"), /^registered /);
    const answer = await connect(router.address).run({ name: "call" });
    expect(answer.messages).toMatchObject([{ instance: "behind" }]);
  });

  test("change under load without a failed call, and only those whose token is gone register anew", async () => {
    rig.write("c.token", third);
    const credentials = (...tokensOfC: readonly object[]) =>
      rig.list([
        { name: "a", services: everything, tokens: [{ file: "first.token" }] },
        { name: "b", services: everything, tokens: [{ file: "second.token" }] },
        ...(tokensOfC.length === 0 ? [] : [{ name: "c", services: everything, tokens: tokensOfC }]),
      ]);
    rig.write("old.token", third);
    rig.write("new.token", fourth);
    credentials({ file: "old.token" });
    const router = await rig.serve(["--credentials", rig.path("credentials.json")]);
    const url = `http://${router.address}`;
    const [a, b, c] = await Promise.all(
      [
        ["a", "first"],
        ["b", "second"],
        ["c", "c"],
      ].map(([id = "", file = ""]) => rig.bridge({ url, id, flags: token(file) })),
    );
    const client = connect(router.address);
    const load = startLoad(client);
    // Enough for each instance to hold one through all that follows.
    const held = Array.from({ length: 9 }, () => client.run({ name: "held", holdOn: ["a", "b", "c"] }));
    await Promise.all([a, b, c].map((instance) => instance?.untilLine(/^began held$/)));
    const reload = async (done: RegExp) => {
      router.kill("SIGHUP");
      await router.untilLine(done);
    };
    // Renewed: both, then the new one only, which the bridge finds in its file.
    credentials({ file: "old.token" }, { file: "new.token" });
    await reload(/Took new credentials: 3; all registrations stay/);
    rig.write("c.token", fourth);
    credentials({ file: "new.token" });
    await reload(/Took new credentials: 3; registrations drained: 2/);
    await c?.untilLine(
      /The router drains faults\.v1\.FaultService \(CREDENTIAL_EXPIRED\): registering anew, open calls go on/,
    );
    if (c !== undefined) await untilCount(c, /Registered \S+ \(\d+ methods\) at/, 4); // two services, twice
    await load.until("c");
    // Taken away.
    credentials();
    await reload(/Took new credentials: 2; registrations drained: 2/);
    await c?.untilLine(/Cannot register faults\.v1\.FaultService: .* received another \(CREDENTIAL_INVALID\)/);
    await load.until("a", "b");
    for (const instance of [a, b, c]) instance?.kill("SIGUSR2");
    expect((await Promise.all(held)).map(({ code }) => code)).toEqual(held.map(() => grpc.status.OK));
    // Broken.
    rig.write("credentials.json", "{");
    await reload(
      /Kept the old credentials\. Cannot use credentials of .*credentials\.json: the file must be JSON, received other text/,
    );
    await load.until("a", "b");
    const { calls, failed } = await load.stop();
    console.log(`${calls} calls while credentials changed, ${failed.length} failed`);
    expect(failed).toEqual([]);
    for (const instance of [a, b])
      expect(instance?.output.filter((line) => /drains|Cannot register/.test(line))).toEqual([]);
    expectNoSecrets(router, ...[a, b, c].filter((instance) => instance !== undefined));
  });
});

describe("certificates", { timeout: PATIENCE_MS }, () => {
  test("of listed names register what they may, others nothing, and clients need none", async () => {
    const router = rig.certificate("router", ["localhost", "127.0.0.1"]);
    const users = rig.certificate("users", ["spiffe://acme/users"]);
    const other = rig.certificate("other", ["spiffe://acme/other"]);
    const stranger = rig.certificate("stranger", ["spiffe://acme/users"]);
    const ca = rig.write("ca.pem", [users, other].map(({ cert }) => readFileSync(cert, "utf8")).join(""));
    rig.list([{ name: "users", services: everything, certificates: ["spiffe://acme/users"] }]);
    const served = await rig.serve([
      ...["--tls-cert", router.cert, "--tls-key", router.key, "--tls-ca", ca, "--tls-client-certificate", "request"],
      ...["--credentials", rig.path("credentials.json")],
    ]);
    const url = `https://localhost:${served.address.split(":")[1]}`;
    const flags = (own?: typeof users) => [
      "--tls-ca",
      router.cert,
      ...(own ? ["--tls-cert", own.cert, "--tls-key", own.key] : []),
    ];
    await rig.bridge({ url, id: "none", flags: flags(), ready: /received none \(CREDENTIAL_INVALID\)/ });
    await rig.bridge({ url, id: "other", flags: flags(other), ready: /received another \(CREDENTIAL_INVALID\)/ });
    // Its name is right, its authority is nobody.
    await rig.bridge({ url, id: "stranger", flags: flags(stranger), ready: /received none \(CREDENTIAL_INVALID\)/ });
    await served.untilLine(
      /The certificate of 127\.0\.0\.1:\d+ counts for nothing: it must come from an authority of tls\.ca and be valid/,
    );
    await rig.bridge({ url, id: "users", flags: flags(users) });
    const answer = await connect(served.address.replace("127.0.0.1", "localhost"), router.cert).run({ name: "call" });
    expect(answer.messages).toMatchObject([{ instance: "users" }]);
    if (missingTool("grpcurl") !== undefined) return;
    const args = [
      "-cacert",
      router.cert,
      "-servername",
      "localhost",
      served.address,
      "grpc.testing.TestService/EmptyCall",
    ];
    expect(await runProcess(requireTool("grpcurl"), args)).toMatchObject({ code: 0, stdout: "{}\n" });
  });

  test("that end while a call is open drain its instance, which comes again with the renewed one", async () => {
    const router = rig.certificate("router", ["localhost", "127.0.0.1"]);
    const renewed = rig.certificate("renewed", ["spiffe://acme/users"]);
    const ca = rig.write("ca.pem", readFileSync(renewed.cert, "utf8"));
    rig.list([{ name: "users", services: everything, certificates: ["spiffe://acme/users"] }]);
    const served = await rig.serve([
      ...["--tls-cert", router.cert, "--tls-key", router.key, "--tls-ca", ca, "--tls-client-certificate", "request"],
      ...["--credentials", rig.path("credentials.json")],
    ]);
    const url = `https://localhost:${served.address.split(":")[1]}`;
    // As late as can be, for it ends soon.
    const validMs = 15_000;
    const startedMs = Date.now();
    const own = rig.certificate("users", ["spiffe://acme/users"], validMs);
    rig.write("ca.pem", readFileSync(own.cert, "utf8") + readFileSync(renewed.cert, "utf8"));
    served.kill("SIGHUP");
    await served.untilLine(/Took new certificates/);
    const flags = ["--tls-ca", router.cert, "--tls-cert", own.cert, "--tls-key", own.key];
    const instance = await rig.bridge({ url, id: "users", flags });
    const client = connect(served.address.replace("127.0.0.1", "localhost"), router.cert);
    const held = client.run({ name: "held", holdOn: ["users"] });
    await instance.untilLine(/^began held$/);
    rig.write("users.pem", readFileSync(renewed.cert, "utf8"));
    rig.write("users-key.pem", readFileSync(renewed.key, "utf8"));
    await untilCount(
      instance,
      /The router drains faults\.v1\.FaultService \(CREDENTIAL_EXPIRED\): registering anew/,
      1,
    );
    expect(Date.now() - startedMs).toBeGreaterThan(validMs - 1_000);
    await untilCount(instance, /Registered faults\.v1\.FaultService/, 2);
    expect(instance.output.filter((line) => /Cannot register/.test(line))).toEqual([]);
    const late = await client.run({ name: "late" });
    expect(late.messages).toMatchObject([{ instance: "users" }]);
    instance.kill("SIGUSR2");
    expect((await held).code).toBe(grpc.status.OK);
  });
});

/** Calls one after the other on four lanes, until `stop`. */
function startLoad(client: ReturnType<typeof createFaultClient>) {
  const failed: string[] = [];
  const since = new Map<string, number>();
  let calls = 0;
  let isOver = false;
  const lane = async (number: number) => {
    while (!isOver) {
      const { code, details, messages } = await client.run({ name: `load-${number}-${++calls}` });
      if (code !== grpc.status.OK) failed.push(`${code} ${details}`);
      const instance = messages[0]?.instance ?? "";
      since.set(instance, (since.get(instance) ?? 0) + 1);
      await sleep(1);
    }
  };
  const lanes = [1, 2, 3, 4].map(lane);
  return {
    /** Resolves when each of these has answered 20 calls more. */
    async until(...instances: readonly string[]): Promise<void> {
      since.clear();
      const deadline = Date.now() + 15_000;
      while (instances.some((instance) => (since.get(instance) ?? 0) < 20)) {
        if (Date.now() > deadline)
          throw new Error(`no calls for ${instances.join(", ")}: ${JSON.stringify([...since])}`);
        await sleep(10);
      }
    },
    async stop() {
      isOver = true;
      await Promise.all(lanes);
      return { calls, failed };
    },
  };
}

/** Resolves when so many lines of the process match. */
async function untilCount({ output }: Running, pattern: RegExp, count: number): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (output.filter((line) => pattern.test(line)).length < count) {
    if (Date.now() > deadline) throw new Error(`no ${count} lines like ${pattern}:\n${output.join("\n")}`);
    await sleep(20);
  }
}
