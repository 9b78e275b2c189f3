// SPDX-License-Identifier: Apache-2.0
// `grpc-router serve` as operators start it, with instances and clients of the test's own.
import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { createBridge, dialRouter } from "@grpc-router/node";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { createLog } from "../harness/in-process.ts";
import { type ServeProcess, startServe } from "../harness/serve-command.ts";
import { SimpleRequestSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { testServiceBridge } from "../interop/gen/grpc/testing/test_bridge.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";
import { testService } from "../interop/test-service.ts";

const module = fileURLToPath(new URL("../interop/gen/grpc/testing/test_router.ts", import.meta.url));
const policies = `
services:
  grpc.testing.TestService:
    methods:
      UnaryCall: { retry: { max_attempts: 3, initial_backoff: 0.001s, max_backoff: 0.001s } }
`;

/** A folder for the files of a test. */
export function createFolder(): string {
  return mkdtempSync(join(tmpdir(), "grpc-router-traces-"));
}

/** Starts it with TestService, retries for UnaryCall, and what is given. */
export async function startRouter(
  args: readonly string[],
  { folder, env = {} }: { readonly folder: string; readonly env?: Readonly<Record<string, string>> },
): Promise<ServeProcess> {
  const file = join(folder, "policies.yaml");
  writeFileSync(file, policies);
  return await startServe(["--module", module, "--policies", file, "--grace", "2s", ...args], env);
}

/** What an instance has got of a call. */
export interface Got {
  readonly instance: string;
  /** The call's `x-test`. */
  readonly test: string;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  /** Of `grpc-trace-bin`. */
  readonly binary: Buffer | undefined;
}

/** Two instances that take a call each. `x-test` says what becomes of one: `fail-2` fails twice, `hold` until `release()`. */
export async function startInstances(address: string) {
  const got: Got[] = [];
  const held: (() => void)[] = [];
  const serve = async (instance: string, context: HandlerContext) => {
    const header = (name: string) => context.requestHeader.get(name);
    const test = header("x-test") ?? "";
    const bytes = header("grpc-trace-bin");
    const binary = bytes === null ? undefined : Buffer.from(bytes, "base64");
    got.push({ instance, test, traceparent: header("traceparent"), tracestate: header("tracestate"), binary });
    if (test === "fail-2" && got.filter((one) => one.test === test).length <= 2) {
      throw new ConnectError("not now", Code.Unavailable);
    }
    if (test === "hold") await new Promise<void>((resolve) => held.push(resolve));
    return {};
  };
  const connections = ["test-1", "test-2"].map((id) => {
    const bridge = createBridge({ id, capacity: 1 }).service(testServiceBridge, {
      ...testService,
      unaryCall: (_request, context) => serve(id, context),
    });
    return dialRouter(bridge, { url: `http://${address}`, logger: createLog() });
  });
  await Promise.all(connections.map(({ ready }) => ready));
  return {
    got,
    held,
    /** Lets the calls end that are held. */
    release() {
      for (const end of held.splice(0)) end();
    },
    close() {
      for (const connection of connections) connection.close();
    },
  };
}

/** A client of the router. */
export function startClient(address: string) {
  const client = createGrpcJsClient(address);
  /** Makes a call with this metadata; values that are bytes go under `-bin`. Answers its status. */
  const call = async (fields: Readonly<Record<string, string | Buffer>> = {}): Promise<grpc.status> => {
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(fields)) metadata.set(name, value);
    const { code } = await client.call(TestService.method.unaryCall, [create(SimpleRequestSchema)], { metadata });
    return code;
  };
  return { ...client, unary: call };
}

/** The span of a client, as it tells others of it (W3C Trace Context). */
export function createParent(sampled = true) {
  const traceId = randomBytes(16).toString("hex");
  const spanId = randomBytes(8).toString("hex");
  const bytes = `0000${traceId}01${spanId}020${sampled ? 1 : 0}`;
  return {
    traceId,
    spanId,
    traceparent: `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`,
    binary: Buffer.from(bytes, "hex"),
  };
}
