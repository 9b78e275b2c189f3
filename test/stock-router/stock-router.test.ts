// SPDX-License-Identifier: Apache-2.0
// `grpc-router serve` without generated code: services from descriptor sets, from a folder that changes, and from instances.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserService } from "../../examples/quickstart/src/gen/acme/user/v1/user_pb.ts";
import {
  startGenericBridge,
  startTarget,
  type TargetProcess,
  writeDescriptorSet,
} from "../generic-bridge/generic-rig.ts";
import { type Running, runProcess, startProcess } from "../harness/processes.ts";
import { cli, type ServeProcess, startServe } from "../harness/serve-command.ts";
import { findTool, missingTool, requireTool } from "../harness/tools.ts";

const quickstart = fileURLToPath(new URL("../../examples/quickstart", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "grpc-router-stock-"));
const image = join(folder, "image.binpb");
const running: Running[] = [];
const missing = missingTool("grpcurl");

async function serve(...flags: readonly string[]): Promise<ServeProcess> {
  const router = await startServe(["--grace", "500ms", ...flags]);
  running.push(router);
  return router;
}

/** The quick start's instance, built from generated code. */
async function startUsers(url: string, id: string): Promise<Running> {
  const instance = await startProcess(process.execPath, {
    args: [join(quickstart, "dist/instance.js")],
    ready: /^registered /,
    env: { ROUTER_URL: url, INSTANCE_ID: id },
  });
  running.push(instance);
  return instance;
}

function usersAt(url: string) {
  return createClient(UserService, createGrpcTransport({ baseUrl: url }));
}

function grpcurl(...args: readonly string[]) {
  return runProcess(requireTool("grpcurl"), ["-plaintext", ...args]);
}

let target: TargetProcess;
let bridged: string;
beforeAll(async () => {
  execFileSync("npx", ["buf", "build", "-o", image], { cwd: quickstart });
  bridged = writeDescriptorSet();
  target = await startTarget("connect-node");
  running.push(target);
});
afterAll(async () => {
  await Promise.all(running.reverse().map((one) => one.stop()));
  rmSync(folder, { recursive: true });
});

describe("serve --descriptor-set", () => {
  let router: ServeProcess;
  beforeAll(async () => {
    router = await serve("--descriptor-set", image, "--descriptor-set", bridged);
    await startUsers(router.url, "users-1");
    running.push(
      await startGenericBridge(["--to", target.address, "--descriptor-set", bridged, "--router", router.url]),
    );
  });

  test("takes instances with generated code and servers behind the generic bridge", async () => {
    const users = usersAt(router.url);
    expect((await users.getUser({ userId: "1" })).user?.userId).toBe("1");
    const watched: string[] = [];
    for await (const { user } of users.watchUsers({ tenantId: "t1", limit: 2 })) watched.push(user?.userId ?? "");
    expect(watched).toHaveLength(2);
  });

  test.skipIf(missing !== undefined)(
    `has reflection of all (grpcurl${missing === undefined ? "" : `, skipped: ${missing}`})`,
    async () => {
      const list = await grpcurl(router.address, "list");
      expect(list.stdout.trim().split("\n")).toEqual([
        "acme.user.v1.UserService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "grpc.testing.TestService",
      ]);
      const call = await grpcurl("-d", '{"userId": "1"}', router.address, "acme.user.v1.UserService/GetUser");
      expect(JSON.parse(call.stdout), call.stderr).toMatchObject({ user: { userId: "1" } });
      const typed = await grpcurl("-d", '{"responseSize": 3}', router.address, "grpc.testing.TestService/UnaryCall");
      expect(JSON.parse(typed.stdout), typed.stderr).toMatchObject({ payload: { body: "AAAA" } });
    },
  );

  test("has what buf curl asks for", async () => {
    const buf = findTool("buf");
    const args = ["curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", '{"userId": "1"}'];
    const { stdout, stderr } = await runProcess(buf ?? "npx", [
      ...(buf === undefined ? ["buf"] : []),
      ...args,
      `${router.url}/acme.user.v1.UserService/GetUser`,
    ]);
    expect(JSON.parse(stdout), stderr).toMatchObject({ user: { userId: "1" } });
  });
});

test("serve --descriptor-dir takes over sets that come, change and go, without harm to calls under way", async () => {
  const sets = join(folder, "sets");
  mkdirSync(sets);
  const router = await serve("--descriptor-dir", sets, "--descriptor-watch", "20ms");
  const users = usersAt(router.url);
  await expect(users.getUser({ userId: "1" })).rejects.toThrow("METHOD_UNKNOWN");
  // As a careful writer does it: nobody sees half of a file.
  copyFileSync(image, join(folder, "new"));
  renameSync(join(folder, "new"), join(sets, "users.binpb"));
  await router.untilLine(/Took new services: added: acme\.user\.v1\.UserService/);
  await startUsers(router.url, "users-2");
  expect((await users.getUser({ userId: "1" })).user?.userId).toBe("1");
  const goOn = Promise.withResolvers<void>();
  const imported = users.importUsers(
    (async function* () {
      yield { user: { userId: "8", name: "Barbara" } };
      await goOn.promise;
      yield { user: { userId: "9", name: "Leslie" } };
    })(),
  );
  copyFileSync(bridged, join(sets, "tests.binpb"));
  await router.untilLine(/Took new services: added: grpc\.testing\.TestService/);
  copyFileSync(cli, join(sets, "broken.binpb"));
  await router.untilLine(/Kept the old services\. Cannot use .*broken\.binpb: it must be a descriptor set/);
  expect((await users.getUser({ userId: "1" })).user?.userId).toBe("1");
  rmSync(join(sets, "broken.binpb"));
  rmSync(join(sets, "users.binpb"));
  await router.untilLine(/removed: acme\.user\.v1\.UserService/);
  goOn.resolve();
  expect((await imported).imported).toBe(2);
  await expect(users.getUser({ userId: "1" })).rejects.toThrow("METHOD_UNKNOWN");
});

test("serve without anything learns services from instances, typed and not", async () => {
  const router = await serve();
  await startUsers(router.url, "users-3");
  await router.untilLine(/Learnt acme\.user\.v1\.UserService/);
  running.push(await startGenericBridge(["--to", target.address, "--descriptor-set", bridged, "--router", router.url]));
  expect((await usersAt(router.url).getUser({ userId: "1" })).user?.userId).toBe("1");
  const { code, stdout } = await runProcess(process.execPath, [
    cli,
    ...["call", `${router.url}/grpc.testing.TestService/UnaryCall`, "--schema", bridged, "-d", '{"responseSize": 3}'],
  ]);
  expect([code, JSON.parse(stdout)]).toEqual([0, { payload: { body: "AAAA" } }]);
});

test("serve --allow learns what it names only", async () => {
  const router = await serve("--descriptor-set", image, "--service", "acme.**", "--allow", "other.**");
  const args = ["bridge", "--to", target.address, "--descriptor-set", bridged, "--router", router.url];
  running.push(await startProcess(process.execPath, { args: [cli, ...args] }));
  await router.untilLine(/Refused a registration.*grpc\.testing\.TestService.*SERVICE_UNKNOWN/);
});
