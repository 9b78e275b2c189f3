// SPDX-License-Identifier: Apache-2.0
// Go's interop client through the router and `grpc-router bridge --to` to servers in four implementations of gRPC.
import { file_google_protobuf_duration } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Running, runProcess } from "../harness/processes.ts";
import { type RouterProcess, startRouter } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { file_grpc_testing_messages } from "../interop/gen/grpc/testing/messages_pb.ts";
import { file_grpc_testing_test } from "../interop/gen/grpc/testing/test_pb.ts";
import { file_xds_data_orca_v3_orca_load_report } from "../interop/gen/xds/data/orca/v3/orca_load_report_pb.ts";
import { file_xds_service_orca_v3_orca, OpenRcaService } from "../interop/gen/xds/service/orca/v3/orca_pb.ts";
import { interopArgs, interopCases, orcaCases } from "../interop/interop-cases.ts";
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
  /** Cases beside the usual ones. */
  readonly more?: readonly string[];
}

const targets: readonly Target[] = [
  { kind: "grpc-go", tool: "grpc-go-interop-server", more: [...orcaCases.perCall, ...orcaCases.outOfBand] },
  { kind: "grpc-js" },
  { kind: "connect-node", more: orcaCases.perCall },
  { kind: "grpcio", tool: "grpc-python", reflects: true },
];

const files = [
  file_grpc_testing_messages,
  file_grpc_testing_test,
  file_google_protobuf_duration,
  file_xds_data_orca_v3_orca_load_report,
  file_xds_service_orca_v3_orca,
].map(({ proto }) => proto);

describe.each(targets)("generic bridge before a server with $kind", ({ kind, tool, reflects, more = [] }) => {
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
    const names = ["grpc.testing.TestService", ...(more.includes("orca_oob") ? [OpenRcaService.typeName] : [])];
    const services = reflects === true ? [] : ["--descriptor-set", writeDescriptorSet(files)];
    const wanted = names.flatMap((name) => ["--service", name]);
    const args = ["--to", target.address, ...wanted, ...services, "--router", router.url];
    started.push(await startGenericBridge(args));
  });
  afterAll(() => Promise.all(started.map((each) => each.stop())));

  test.skipIf(missing !== undefined).each([...interopCases, ...more])(
    `gRPC interop client of Go${missing === undefined ? "" : `, skipped: ${missing}`}: %s`,
    async (name) => {
      const args = interopArgs(router.host, router.port, name);
      const { code, stderr } = await runProcess(requireTool("grpc-go-interop"), args);
      expect(code, stderr).toBe(0);
    },
  );
});
