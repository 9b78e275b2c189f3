// SPDX-License-Identifier: Apache-2.0
// How `grpc-router serve` and `bridge` come and go: what they tell people and the service manager, and with which exit code.
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import { type Running, startProcess } from "../harness/processes.ts";
import { cli, type ServeProcess, startServe } from "../harness/serve-command.ts";
import { missingTool } from "../harness/tools.ts";
import { createNotifySocket } from "./notify-socket.ts";

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const routerModule = pathOf("../faults/gen/faults/v1/faults_router.ts");
const bridgeModule = pathOf("./fault-bridge.ts");

const toStop: { stop(): Promise<void> }[] = [];
afterAll(async () => {
  await Promise.all(toStop.map((one) => one.stop()));
});

async function serve(grace: string, env?: Readonly<Record<string, string>>): Promise<ServeProcess> {
  const router = await startServe(["--module", routerModule, "--grace", grace], env);
  toStop.push(router);
  return router;
}

async function bridge(url: string, grace: string): Promise<Running> {
  const args = [cli, "bridge", bridgeModule, "--router", url, "--grace", grace];
  const instance = await startProcess(process.execPath, { args, ready: /^registered/ });
  toStop.push(instance);
  return instance;
}

/** A conversation that stays open until it is ended. */
async function converse(address: string) {
  const client = createFaultClient(address);
  toStop.push({ stop: async () => client.close() });
  const call = client.converse({ name: "talk" });
  await call.next();
  return call;
}

describe.concurrent("a stop in order", () => {
  test("of a router with calls that outlive the grace ends with 3 and says so", async () => {
    const router = await serve("200ms");
    await bridge(router.url, "30s");
    const call = await converse(router.address);
    router.kill("SIGINT");
    expect((await call.outcome).code).toBe(14);
    expect(await router.exited).toBe(3);
    expect(router.output.at(-1)).toBe(
      "Stopped, but 1 call had not ended within 0.2 s and got UNAVAILABLE. Give them longer with --grace",
    );
  });

  test("of a bridge does the same", async () => {
    const router = await serve("30s");
    const instance = await bridge(router.url, "200ms");
    const call = await converse(router.address);
    instance.kill("SIGTERM");
    await instance.untilLine(/Stopping: 1 call \(1 \/faults\.v1\.FaultService\/Converse\), 1 s left /);
    expect((await call.outcome).code).toBe(14);
    expect(await instance.exited).toBe(3);
  });

  test("is cut short by a second signal", async () => {
    const router = await serve("30s");
    await bridge(router.url, "30s");
    const call = await converse(router.address);
    router.kill("SIGTERM");
    await router.untilLine(/Stopping: 1 call/);
    router.kill("SIGINT");
    expect(await router.exited).toBe(130);
    expect((await call.outcome).code).not.toBe(0);
  });

  test.skipIf(missingTool("systemd-notify") !== undefined)(
    "says which calls run and ends with 0 when they have ended; the service manager hears of all",
    async () => {
      const manager = await createNotifySocket();
      toStop.push(manager);
      const { program } = manager;
      const router = await serve("30s", { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: "1000000" });
      const ready = `^READY=1 MAINPID=${router.pid} STATUS=Routing on ${router.url}$`;
      await program.untilLine(new RegExp(ready));
      await program.untilLine(/^WATCHDOG=1$/);
      await bridge(router.url, "30s");
      const call = await converse(router.address);
      router.kill("SIGHUP");
      await program.untilLine(/^RELOADING=1 MONOTONIC_USEC=[1-9]\d+$/);
      router.kill("SIGTERM");
      const work = "Stopping: 1 call \\(1 /faults\\.v1\\.FaultService/Converse\\), 1 registration, 30 s left";
      await router.untilLine(new RegExp(`${work} event=stopping$`));
      await program.untilLine(new RegExp(`^STOPPING=1 STATUS=${work}$`));
      call.end();
      expect((await call.outcome).code).toBe(0);
      expect(await router.exited).toBe(0);
      const told = program.output.map((message) => message.split("=", 1)[0]);
      const order = told.filter((name) => name === "READY" || name === "RELOADING" || name === "STOPPING");
      expect(order).toEqual(["READY", "RELOADING", "READY", "STOPPING"]);
    },
  );
});
