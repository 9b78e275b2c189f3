// SPDX-License-Identifier: Apache-2.0

import { type InstanceInfo, serveAdmin } from "@grpc-router/node";
import { afterEach, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";
import { formatAge } from "./instances-table.js";

const servers: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const info: InstanceInfo = {
  instanceId: "users-1",
  service: "acme.user.v1.UserService",
  address: "127.0.0.1:5",
  agent: "test 1",
  principal: "users",
  methods: ["GetUser"],
  labels: {},
  weight: 100,
  capacity: 4_096,
  openCalls: 0,
  totalCalls: 9,
  state: "serving",
  ejected: false,
  openBreakers: [],
  registeredMs: performance.now() - 61_000,
};

function noStats(): never {
  throw new Error("Nobody asks for stats here");
}

async function instances(all: readonly InstanceInfo[], ...flags: readonly string[]) {
  const server = await serveAdmin({ phase: "serving", instances: () => all, engineStats: noStats }, { port: 0 });
  servers.push(server);
  const io = createTestIo();
  const code = await run(["instances", "--admin", server.url, ...flags], io);
  return { code, ...io.text };
}

describe("grpc-router instances", () => {
  it("prints a table", async () => {
    const load = {
      cpuUtilization: 0.42,
      memUtilization: 0,
      applicationUtilization: 0,
      rps: 12.345,
      eps: 0,
      loopDelayUs: 7,
    };
    const busy = { ...info, instanceId: "users-2", labels: { zone: "eu-1", v: "2" }, capacity: 10, openCalls: 3, load };
    const relayed = { ...load, cpuUtilization: 0, rps: 0 };
    expect(
      await instances([
        info,
        busy,
        { ...info, instanceId: "users-3", state: "draining", load: relayed },
        { ...info, instanceId: "users-4", state: "not_serving" },
      ]),
    ).toEqual({
      code: 0,
      err: "",
      out: [
        "SERVICE                   INSTANCE  STATE        OPEN  CAPACITY  CALLS  CPU  RPS   WEIGHT  LABELS         PEER         REGISTERED",
        "acme.user.v1.UserService  users-1   serving      0     4096      9      -    -     100     -              127.0.0.1:5  1m 1s",
        "acme.user.v1.UserService  users-2   serving      3     10        9      42%  12.3  100     zone=eu-1,v=2  127.0.0.1:5  1m 1s",
        "acme.user.v1.UserService  users-3   draining     0     4096      9      -    0     100     -              127.0.0.1:5  1m 1s",
        "acme.user.v1.UserService  users-4   not serving  0     4096      9      -    -     100     -              127.0.0.1:5  1m 1s",
        "",
      ].join("\n"),
    });
  });

  it("says what keeps calls from an instance that serves", async () => {
    const failing = { ...info, ejected: true, openBreakers: ["GetUser"] };
    expect((await instances([failing])).out).toContain("serving, ejected, GetUser broken  0");
    expect(JSON.parse((await instances([failing], "-o", "json")).out)).toMatchObject({
      instances: [{ ejected: true, openBreakers: ["GetUser"] }],
    });
  });

  it("says that there is none", async () => {
    expect((await instances([])).out).toBe("No instance is connected.\n");
    expect((await instances([info], "--service", "acme.Other")).out).toBe("No instance is connected.\n");
  });

  it("prints JSON", async () => {
    const load = {
      cpuUtilization: 0.42,
      memUtilization: 0.5,
      applicationUtilization: 1.5,
      rps: 2,
      eps: 1,
      loopDelayUs: 7,
    };
    const { code, out } = await instances([{ ...info, load }], "-o", "json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      instances: [{ id: "users-1", state: "STATE_SERVING", weight: 100, totalCalls: "9", principal: "users", load }],
    });
  });

  it("says that nobody listens", async () => {
    const server = await serveAdmin({ phase: "serving", instances: () => [], engineStats: noStats }, { port: 0 });
    await server.close();
    const io = createTestIo();
    expect(await run(["instances", "--admin", server.url], io)).toBe(1);
    expect(io.text.err).toBe(
      `Cannot ask the router at ${server.url}: connection refused. Start a router with an admin API or give its address with --admin\n`,
    );
  });

  it("refuses an address that is no URL", async () => {
    const io = createTestIo();
    expect(await run(["instances", "--admin", "localhost:8081"], io)).toBe(2);
    expect(io.text.err).toBe("Cannot ask the router: --admin must be http://host:port, received localhost:8081\n");
  });
});

describe("formatAge()", () => {
  it.each([
    [0, "0s"],
    [59, "59s"],
    [60, "1m"],
    [3_725, "1h 2m"],
    [90_000, "1d 1h"],
    [86_400 * 3, "3d"],
  ])("writes %d seconds as %s", (seconds, text) => expect(formatAge({ seconds: BigInt(seconds) })).toBe(text));
  it("writes an absent age as 0s", () => expect(formatAge(undefined)).toBe("0s"));
});
