// SPDX-License-Identifier: Apache-2.0
// Health and reflection as clients and probes written with grpc-go ask of them, while instances come and go.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { type Running, runProcess, startProcess } from "../harness/processes.ts";
import { missingTool, requireTool } from "../harness/tools.ts";

const service = "grpc.testing.TestService";
const conformance = "connectrpc.conformance.v1.ConformanceService";
const missing = missingTool("health-probe");

describe.skipIf(missing !== undefined)(`grpc-go${missing === undefined ? "" : `, skipped: ${missing}`}`, () => {
  let router: InProcess;
  const running: Running[] = [];
  beforeAll(async () => {
    router = await startInProcess({ instances: {} });
  });
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await router.stop();
  });

  const address = () => router.url.replace("http://", "");
  const probe = (...args: readonly string[]) => runProcess(requireTool("health-probe"), ["-addr", address(), ...args]);
  const follow = async (...args: readonly string[]): Promise<Running> => {
    const one = await startProcess(requireTool("health-probe"), { args: ["-addr", address(), ...args] });
    running.push(one);
    return one;
  };

  test("sees a service come and go by Check, Watch, List, and by a channel that checks health itself", async () => {
    expect(await probe("-service", service)).toMatchObject({ code: 4, stdout: "status: NOT_SERVING\n" });
    expect(await probe()).toMatchObject({ code: 4, stdout: "status: NOT_SERVING\n" });
    expect(await probe("-service", "no.Service")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("NotFound"),
    });
    const watch = await follow("-watch", "-service", service);
    const unknown = await follow("-watch", "-service", "no.Service");
    const channel = await follow("-client", "-service", service);
    await watch.untilLine(/status: NOT_SERVING/);
    await unknown.untilLine(/status: SERVICE_UNKNOWN/);
    await channel.untilLine(/state: TRANSIENT_FAILURE/);

    const instance = await router.addInstance("one");
    await watch.untilLine(/status: SERVING/);
    await channel.untilLine(/state: READY/);
    expect(await probe("-service", service)).toMatchObject({ code: 0, stdout: "status: SERVING\n" });
    expect(await probe()).toMatchObject({ code: 0 });
    expect(JSON.parse((await probe("-list")).stdout)).toEqual({
      "": "SERVING",
      [service]: "SERVING",
      [conformance]: "SERVING",
    });

    await instance.close();
    await expect.poll(() => watch.output.at(-1)).toBe("status: NOT_SERVING");
    await expect.poll(() => channel.output.at(-1)).toBe("state: TRANSIENT_FAILURE");
    expect(await probe("-service", service)).toMatchObject({ code: 4 });
  });

  test("lists services by reflection v1alpha, as older tools do", async () => {
    const { stdout } = await probe("-alpha");
    expect(stdout.trim().split("\n")).toEqual([
      conformance,
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      service,
    ]);
  });

  test("learns nothing where nobody listens", async () => {
    const { code } = await runProcess(requireTool("health-probe"), ["-addr", "127.0.0.1:1"]);
    expect(code).toBe(2);
  });
});
