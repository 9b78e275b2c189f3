// SPDX-License-Identifier: Apache-2.0
// Servers that know nothing of routers, and `grpc-router bridge --to` before them, each a process of its own.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { freePort, untilListening } from "../harness/ports.ts";
import { type Running, startProcess } from "../harness/processes.ts";
import { cli } from "../harness/serve-command.ts";
import { startNode } from "../harness/stack.ts";
import { requireTool } from "../harness/tools.ts";
import { file_grpc_testing_messages } from "../interop/gen/grpc/testing/messages_pb.ts";
import { file_grpc_testing_test } from "../interop/gen/grpc/testing/test_pb.ts";

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const protos = pathOf("../interop/proto");

/** A server of TestService. */
export interface TargetProcess extends Running {
  readonly address: string;
}

/** Which implementation of gRPC a server is written with. */
export type TargetKind = "grpc-go" | "grpc-js" | "connect-node" | "grpcio";

/** Starts a server of TestService. Of connect-node: with these further arguments. */
export async function startTarget(kind: TargetKind, args: readonly string[] = []): Promise<TargetProcess> {
  if (kind === "grpc-go") {
    const port = await freePort();
    const running = await startProcess(requireTool("grpc-go-interop-server"), { args: ["--port", `${port}`] });
    await untilListening(port, "grpc-go-interop-server");
    return { ...running, address: `127.0.0.1:${port}` };
  }
  const ready = /^ready \d+$/;
  const running =
    kind === "grpcio"
      ? await startProcess(requireTool("grpc-python"), { args: [pathOf("targets/server.py"), protos], ready })
      : await startNode(pathOf(kind === "grpc-js" ? "targets/grpc-js-server.ts" : "targets/connect-server.ts"), {
          args,
          ready,
        });
  return { ...running, address: `127.0.0.1:${running.line.slice("ready ".length)}` };
}

/** Starts `grpc-router bridge --to …` and waits until its service takes calls. */
export async function startGenericBridge(args: readonly string[]): Promise<Running> {
  const bridge = await startNode(cli, { args: ["bridge", "--grace", "500ms", ...args], ready: /^registered pid/ });
  await bridge.untilLine(/takes calls/);
  return bridge;
}

/** Path of a descriptor set with TestService, or with these files, as `buf build -o` writes it. */
export function writeDescriptorSet(
  file: readonly FileDescriptorProto[] = [file_grpc_testing_messages.proto, file_grpc_testing_test.proto],
): string {
  const path = join(mkdtempSync(join(tmpdir(), "grpc-router-generic-")), "image.binpb");
  writeFileSync(path, toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...file] })));
  return path;
}
