// SPDX-License-Identifier: Apache-2.0
// Go's interop client through the router and `grpc-router bridge --to` to servers in four implementations of gRPC.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Running, runProcess } from "../harness/processes.ts";
import { type RouterProcess, startRouter } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { interopCases } from "../interop/interop-cases.ts";
import {
  startGenericBridge,
  startTarget,
  type TargetKind,
  type TargetProcess,
  writeDescriptorSet,
} from "./generic-rig.ts";

interface Target {
  readonly kind: TargetKind;
  /** What it needs beside Node. */
  readonly tool?: string;
  /** It tells its services itself; the others are given by a descriptor set. */
  readonly reflects?: true;
}

const targets: readonly Target[] = [
  { kind: "grpc-go", tool: "grpc-go-interop-server" },
  { kind: "grpc-js" },
  { kind: "connect-node" },
  { kind: "grpcio", tool: "grpc-python", reflects: true },
];

describe.each(targets)("generic bridge before a server with $kind", ({ kind, tool, reflects }) => {
  const missing = missingTool("grpc-go-interop") ?? (tool === undefined ? undefined : missingTool(tool));
  const started: Running[] = [];
  let router: RouterProcess;
  let target: TargetProcess;

  beforeAll(async () => {
    if (missing !== undefined) return;
    router = await startRouter();
    started.push(router);
    target = await startTarget(kind);
    started.push(target);
    const services = reflects === true ? [] : ["--descriptor-set", writeDescriptorSet()];
    const args = ["--to", target.address, "--service", "grpc.testing.TestService", ...services, "--router", router.url];
    started.push(await startGenericBridge(args));
  });
  afterAll(() => Promise.all(started.map((each) => each.stop())));

  test.skipIf(missing !== undefined).each(interopCases)(
    `gRPC interop client of Go${missing === undefined ? "" : `, skipped: ${missing}`}: %s`,
    async (name) => {
      const where = [`--server_host=${router.host}`, `--server_port=${router.port}`];
      const { code, stderr } = await runProcess(requireTool("grpc-go-interop"), [...where, `--test_case=${name}`]);
      expect(code, stderr).toBe(0);
    },
  );
});
