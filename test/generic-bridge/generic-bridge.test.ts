// SPDX-License-Identifier: Apache-2.0
// `grpc-router bridge --to` as people run it: what it registers, and what happens when the server behind it is not well.
import { create } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import * as grpc from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { createCertificate } from "../harness/certificate.ts";
import type { Running } from "../harness/processes.ts";
import { cli } from "../harness/serve-command.ts";
import { type RouterProcess, startInstance, startNode, startRouter } from "../harness/stack.ts";
import { missingTool } from "../harness/tools.ts";
import {
  SimpleRequestSchema,
  StreamingInputCallRequestSchema,
  StreamingOutputCallRequestSchema,
} from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";
import { startGenericBridge, startTarget, writeDescriptorSet } from "./generic-rig.ts";

const { method } = TestService;
const { OK, UNAVAILABLE } = grpc.status;
const descriptorSet = ["--descriptor-set", writeDescriptorSet()];

/** A service that the router has never heard of. */
const strangeFile = create(FileDescriptorProtoSchema, {
  name: "strange/v1/strange.proto",
  package: "strange.v1",
  syntax: "proto3",
  messageType: [{ name: "Nothing" }],
  service: [
    {
      name: "StrangeService",
      method: [{ name: "Do", inputType: ".strange.v1.Nothing", outputType: ".strange.v1.Nothing" }],
    },
  ],
});

let started: Running[];
let router: RouterProcess;
let client: ReturnType<typeof createGrpcJsClient>;

beforeEach(async () => {
  router = await startRouter({ admin: true });
  started = [router];
  client = createGrpcJsClient(router.address);
});
afterEach(async () => {
  client.close();
  await Promise.all(started.map((each) => each.stop()));
});

function running<Process extends Running>(process: Process): Process {
  started.push(process);
  return process;
}

/** One call of UnaryCall with this much in each direction. */
function unary(size = 10) {
  return client.call(method.unaryCall, [
    create(SimpleRequestSchema, { responseSize: size, payload: { body: new Uint8Array(size) } }),
  ]);
}

/** Calls until the answer has this code. */
async function until(code: grpc.status): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if ((await unary()).code === code) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no call ended with ${grpc.status[code]} within 10 s`);
}

describe("grpc-router bridge --to", () => {
  test("registers with id, capacity and labels, and drains on SIGTERM", async () => {
    const target = running(await startTarget("connect-node"));
    const flags = ["--id", "legacy-1", "--capacity", "3", "--label", "zone=b"];
    const args = ["--to", target.address, ...descriptorSet, "--router", router.url, ...flags];
    const bridge = running(await startGenericBridge(args));
    const { output, exited } = running(
      await startNode(cli, { args: ["instances", "--admin", router.adminUrl, "-o", "json"], ready: /./ }),
    );
    await exited;
    expect(output.join("\n")).toContain('"legacy-1"');
    expect(output.join("\n")).toMatch(/"zone":\s*"b"/);
    const slow = create(StreamingOutputCallRequestSchema, {
      responseParameters: [{ size: 1 }, { size: 2, intervalUs: 300_000 }],
    });
    const { stream, outcome } = client.start(method.streamingOutputCall);
    stream.write(slow);
    stream.end();
    await new Promise((resolve) => stream.once("data", resolve));
    bridge.kill("SIGTERM");
    expect(await outcome).toMatchObject({ code: OK, messages: { length: 2 } });
    expect(await bridge.exited).toBe(0);
  });

  test("serves beside an instance with a generated bridge", async () => {
    const target = running(await startTarget("grpc-js"));
    running(await startInstance({ url: router.url, services: ["test"], id: "typed" }));
    running(await startGenericBridge(["--to", target.address, ...descriptorSet, "--router", router.url]));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => unary(1_000)));
    expect(outcomes.map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => OK));
  });

  test("says in plain words that the router does not route a service", async () => {
    const target = running(await startTarget("connect-node"));
    const image = writeDescriptorSet([strangeFile]);
    const args = ["bridge", "--to", target.address, "--descriptor-set", image, "--router", router.url];
    const bridge = running(await startNode(cli, { args, ready: /refused/ }));
    expect(bridge.line).toMatch(/strange\.v1\.StrangeService.*SERVICE_UNKNOWN/);
  });

  test("waits for a server that is not there yet, and asks it for its services then", async () => {
    const args = ["bridge", "--to", "127.0.0.1:1", "--router", router.url];
    const bridge = running(
      await startNode(cli, { args, ready: /Cannot learn the services of http:\/\/127\.0\.0\.1:1: .*Trying again/ }),
    );
    bridge.kill("SIGTERM");
    expect(await bridge.exited).toBe(0);
  });

  test("ends calls UNAVAILABLE when the server dies, sends none there, and goes on when it is back", async () => {
    const target = running(await startTarget("connect-node"));
    const port = target.address.split(":")[1] ?? "";
    running(await startGenericBridge(["--to", target.address, ...descriptorSet, "--router", router.url]));
    const { stream, outcome } = client.start(method.fullDuplexCall);
    stream.write(create(StreamingOutputCallRequestSchema, { responseParameters: [{ size: 1 }] }));
    await new Promise((resolve) => stream.once("data", resolve));
    target.kill("SIGKILL");
    const lost = await outcome;
    expect(lost.code).toBe(UNAVAILABLE);
    expect(lost.details).toContain("INSTANCE_LOST");
    await until(UNAVAILABLE);
    running(await startTarget("connect-node", ["--port", port]));
    await until(OK);
  });

  test("gives up a server that stands still, within 20 s, and goes on when it wakes up", {
    timeout: 60_000,
  }, async () => {
    const target = running(await startTarget("connect-node"));
    const bridge = running(
      await startGenericBridge(["--to", target.address, ...descriptorSet, "--router", router.url]),
    );
    const { stream, outcome } = client.start(method.fullDuplexCall);
    stream.write(create(StreamingOutputCallRequestSchema, { responseParameters: [{ size: 1 }] }));
    await new Promise((resolve) => stream.once("data", resolve));
    target.kill("SIGSTOP");
    const stoppedMs = performance.now();
    const lost = await outcome;
    expect(performance.now() - stoppedMs).toBeLessThan(22_000);
    expect(lost.code).toBe(UNAVAILABLE);
    expect(lost.details).toContain("execution started (INSTANCE_LOST)");
    await bridge.untilLine(/it does not answer/);
    await until(UNAVAILABLE);
    target.kill("SIGCONT");
    await until(OK);
  });

  test("opens further connections when the server's streams are used up", async () => {
    const target = running(await startTarget("connect-node", ["--max-streams", "2"]));
    running(await startGenericBridge(["--to", target.address, ...descriptorSet, "--router", router.url]));
    const slow = create(StreamingOutputCallRequestSchema, { responseParameters: [{ size: 1, intervalUs: 300_000 }] });
    const calls = Array.from({ length: 9 }, () => client.call(method.streamingOutputCall, [slow]));
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(Array.from({ length: 9 }, () => OK));
    target.kill("SIGUSR2");
    const [, count] = /^connections (\d+)$/.exec(await target.untilLine(/^connections/)) ?? [];
    expect(Number(count)).toBeGreaterThanOrEqual(3);
    expect(Number(count)).toBeLessThanOrEqual(9);
  });

  test("passes large messages both ways, and a stalled caller stops nobody else", async () => {
    const target = running(await startTarget("connect-node"));
    running(await startGenericBridge(["--to", target.address, ...descriptorSet, "--router", router.url]));
    const { stream } = client.start(method.streamingOutputCall);
    const parameters = Array.from({ length: 200 }, () => ({ size: 100_000 }));
    stream.write(create(StreamingOutputCallRequestSchema, { responseParameters: parameters }));
    stream.end();
    stream.pause();
    for (let count = 0; count < 20; count++) expect((await unary(1_000_000)).code).toBe(OK);
    const requests = Array.from({ length: 50 }, () =>
      create(StreamingInputCallRequestSchema, { payload: { body: new Uint8Array(100_000) } }),
    );
    expect((await client.call(method.streamingInputCall, requests)).messages).toMatchObject([
      { aggregatedPayloadSize: 5_000_000 },
    ]);
    stream.cancel();
    expect((await unary(3_000_000)).messages[0]?.payload?.body.length).toBe(3_000_000);
  });

  test("dials a server over TLS whose authority it is told", async () => {
    const { cert, key } = createCertificate();
    const target = running(await startTarget("connect-node", ["--tls", `${cert}:${key}`]));
    const to = `https://localhost:${target.address.split(":")[1]}`;
    running(await startGenericBridge(["--to", to, "--to-ca", cert, ...descriptorSet, "--router", router.url]));
    expect((await unary()).code).toBe(OK);
    const args = ["bridge", "--to", to, ...descriptorSet, "--router", router.url];
    const stranger = running(await startNode(cli, { args, ready: /Cannot reach server/ }));
    expect(stranger.line).toMatch(/certificate comes from an unknown authority/);
  });

  test.skipIf(missingTool("grpc-python") !== undefined)(
    `passes the server's health on${missingTool("grpc-python") === undefined ? "" : ", skipped: no grpcio"}`,
    async () => {
      const target = running(await startTarget("grpcio"));
      const bridge = running(await startGenericBridge(["--to", target.address, "--router", router.url]));
      expect((await unary()).code).toBe(OK);
      target.kill("SIGUSR1");
      await bridge.untilLine(/TestService takes no calls: the server says NOT_SERVING/);
      await until(UNAVAILABLE);
      target.kill("SIGUSR2");
      await until(OK);
    },
  );
});
