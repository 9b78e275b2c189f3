// SPDX-License-Identifier: Apache-2.0
import { file_faults_v1_faults } from "../faults/gen/faults/v1/faults_pb.ts";
import { startGenericBridge, writeDescriptorSet } from "../generic-bridge/generic-rig.ts";
import type { Running } from "../harness/processes.ts";
import type { Kind } from "./clients.ts";
import type { PolicyRig } from "./policy-rig.ts";

/** Adds an instance that is an ordinary server, called `server`, behind `grpc-router bridge --to`. */
export async function startServerBehindBridge(rig: PolicyRig, kind: Kind): Promise<Running> {
  const target = await rig.addServer(kind, "server");
  const image = writeDescriptorSet([file_faults_v1_faults.proto]);
  rig.own(await startGenericBridge(["--to", target.address, "--descriptor-set", image, "--router", rig.url]));
  return target;
}
