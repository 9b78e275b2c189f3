// SPDX-License-Identifier: Apache-2.0
// What deploy/ runs is what the command takes; that the files are well formed is shown by `npm run check:deploy`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { cli, type ServeProcess, startServe } from "../harness/serve-command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const textOf = (file: string) => readFileSync(`${root}${file}`, "utf8");
const [dockerfile, deployment, chart, unit] = [
  "deploy/docker/Dockerfile",
  "deploy/kubernetes/deployment.yaml",
  "deploy/helm/grpc-router/templates/deployment.yaml",
  "deploy/systemd/grpc-router.service",
].map(textOf) as [string, string, string, string];

describe("flags of grpc-router serve", () => {
  let known: Set<string>;
  beforeAll(async () => {
    const { stdout } = await runProcess(process.execPath, [cli, "serve", "--help"]);
    known = new Set(stdout.match(/--[a-z][\w-]*/g));
  });

  test.each([
    ["the manifests", deployment.match(/(?<=^\s+- )--[a-z][\w-]*/gm)],
    ["the chart", chart.match(/(?<=^\s+- )--[a-z][\w-]*/gm)],
    ["the unit", /^ExecStart=.*$/m.exec(unit)?.[0].match(/--[a-z][\w-]*/g)],
    ["docs/deploy.md", textOf("docs/deploy.md").match(/(?<=serve [^`]*)--[a-z][\w-]*(?= )/g)],
  ])("in %s are flags of it", (_, flags) => {
    expect(flags?.length).toBeGreaterThan(2);
    expect(flags?.filter((flag) => !known.has(flag))).toEqual([]);
  });
});

describe("times", () => {
  const seconds = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1]);

  test("to stop are longer than --grace", () => {
    const grace = /--grace[ =](\d+)s/;
    expect(seconds(unit, /^TimeoutStopSec=(\d+)s$/m)).toBeGreaterThan(seconds(unit, grace));
    const pause = seconds(deployment, /sleep:\s+seconds: (\d+)/);
    const stop = seconds(deployment, /terminationGracePeriodSeconds: (\d+)/);
    expect(stop).toBeGreaterThan(seconds(deployment, grace) + pause);
  });
});

describe("the image", () => {
  let router: ServeProcess;
  beforeAll(async () => {
    router = await startServe(["--module", `${root}test/faults/gen/faults/v1/faults_router.ts`]);
  });
  afterAll(() => router.stop());

  /** The health check's command as it runs here, against `address`. */
  function check(address: string) {
    const command = JSON.parse(/^HEALTHCHECK[\s\S]*?CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? "[]") as string[];
    const [node, program, ...args] = command;
    expect([node, program]).toEqual(["/nodejs/bin/node", "/app/packages/cli/bin/grpc-router.js"]);
    return runProcess(process.execPath, [cli, ...args.map((arg) => arg.replace("127.0.0.1:8080", address))]);
  }

  test("is healthy while the router answers, with or without instances, and not when nobody does", async () => {
    expect(await check(router.address)).toMatchObject({ code: 0, stdout: '{"status":"NOT_SERVING"}\n' });
    expect((await check("127.0.0.1:1")).code).not.toBe(0);
  });

  test("says the version that all say, and runs as a number that is not root", () => {
    const { version } = JSON.parse(textOf("package.json")) as { version: string };
    expect(deployment).toContain(`image: grpc-router:${version}\n`);
    const stated = textOf("deploy/helm/grpc-router/Chart.yaml").match(/^(?:appVersion|version): .*$/gm);
    expect(stated).toEqual([`version: "${version}"`, `appVersion: "${version}"`]);
    expect(dockerfile).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  });
});
