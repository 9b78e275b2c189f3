// SPDX-License-Identifier: Apache-2.0
// `node test/fuzz/record.ts`: records what other people's clients and suites say to a router, and what its instance says,
// as inputs for every target. Behind it, `npm run fuzz -- TARGET --minimise` moves what is new in them into corpus/.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProcess } from "../harness/processes.ts";
import { startInstance, startRouter } from "../harness/stack.ts";
import { findTool } from "../harness/tools.ts";
import { fuzzTargets } from "./fuzz-targets.ts";
import { callWithGrpcJs } from "./recording/grpc-js-calls.ts";
import { type Recorded, startRelay } from "./recording/relay.ts";
import { seedsOf } from "./recording/seeds.ts";

const cache = fileURLToPath(new URL("../../.cache/fuzz/", import.meta.url));
const python = fileURLToPath(new URL("../python/client.py", import.meta.url));
const protos = fileURLToPath(new URL("../interop/proto", import.meta.url));
/** Cases of grpc-go's interop client that say something of their own. */
const interopCases = [
  "empty_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
];

const router = await startRouter();
const clients = await startRelay(router.port);
const instances = await startRelay(router.port);
const instance = await startInstance({ url: `http://127.0.0.1:${instances.port}`, services: ["test"], id: "one" });
const recorded: Recorded[] = [];

/** Runs one program against the relay, if it is installed. */
async function record(tool: string, args: readonly string[]): Promise<void> {
  const program = findTool(tool);
  if (program === undefined) {
    console.log(`${tool}: not installed (scripts/install-tools.sh)`);
    return;
  }
  await runProcess(program, args);
  report(tool);
}

function report(what: string): void {
  const connections = clients.take();
  recorded.push(...connections);
  console.log(`${what}: ${connections.length} connections`);
}

const host = "127.0.0.1";
const address = `${host}:${clients.port}`;
try {
  await record("h2spec", ["-S", "-h", host, "-p", `${clients.port}`, "-P", "/live", "--timeout", "2"]);
  for (const name of interopCases) {
    await record("grpc-go-interop", [`--server_host=${host}`, `--server_port=${clients.port}`, `--test_case=${name}`]);
  }
  await record("grpcurl", ["-plaintext", address, "list"]);
  await record("grpcurl", ["-plaintext", "-H", "x-a: b", "-d", "{}", address, "grpc.testing.TestService/EmptyCall"]);
  await record("grpc-python", [python, address, protos]);
  await callWithGrpcJs(address);
  report("grpc-js");
  recorded.push(...instances.take());
} finally {
  await instance.stop();
  await router.stop();
  await clients.stop();
  await instances.stop();
}

for (const [target, inputs] of Object.entries(seedsOf(recorded))) {
  const folder = join(cache, target);
  mkdirSync(folder, { recursive: true });
  for (const input of inputs) {
    writeFileSync(join(folder, createHash("sha1").update(input).digest("hex")), input);
  }
}
console.log(`inputs for ${fuzzTargets.join(", ")} are in .cache/fuzz; next: npm run fuzz -- TARGET --minimise`);
