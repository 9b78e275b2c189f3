// SPDX-License-Identifier: Apache-2.0

import { create } from "@bufbuild/protobuf";
import { InstanceSchema, State } from "@grpc-router/node";
import { describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";
import { formatInstances } from "./instances-table.js";

const info = {
  id: "users-1",
  service: "acme.user.v1.UserService",
  peerAddress: "127.0.0.1:5",
  weight: 100,
  capacity: 4_096,
  totalCalls: 9n,
  state: State.SERVING,
  registeredFor: { seconds: 61n, nanos: 0 },
};

describe("formatInstances()", () => {
  it("writes a table", () => {
    const load = { cpuUtilization: 0.42, rps: 12.345, loopDelayUs: 7 };
    const busy = { ...info, id: "users-2", labels: { zone: "eu-1", v: "2" }, capacity: 10, openCalls: 3, load };
    const relayed = { ...load, cpuUtilization: 0, rps: 0 };
    const instances = [
      info,
      busy,
      { ...info, id: "users-3", state: State.DRAINING, load: relayed, orderedWeight: 5 },
      { ...info, id: "users-4", state: State.NOT_SERVING },
    ];
    expect(formatInstances(instances.map((one) => create(InstanceSchema, one))).split("\n")).toEqual([
      "SERVICE                   INSTANCE  STATE        OPEN  CAPACITY  CALLS  CPU  RPS   WEIGHT   LABELS         PEER         REGISTERED",
      "acme.user.v1.UserService  users-1   serving      0     4096      9      -    -     100      -              127.0.0.1:5  1m 1s",
      "acme.user.v1.UserService  users-2   serving      3     10        9      42%  12.3  100      zone=eu-1,v=2  127.0.0.1:5  1m 1s",
      "acme.user.v1.UserService  users-3   draining     0     4096      9      -    0     5 (100)  -              127.0.0.1:5  1m 1s",
      "acme.user.v1.UserService  users-4   not serving  0     4096      9      -    -     100      -              127.0.0.1:5  1m 1s",
      "",
    ]);
  });

  it("says what keeps calls from an instance that serves", () => {
    const failing = create(InstanceSchema, { ...info, ejected: true, openBreakers: ["GetUser"] });
    expect(formatInstances([failing])).toContain("serving, ejected, GetUser broken  0");
    const drained = create(InstanceSchema, { ...info, state: State.DRAINING, withdrawn: true });
    expect(formatInstances([drained])).toContain("draining, by an operator  0");
  });

  it("says that there is none", () => expect(formatInstances([])).toBe("No instance is connected.\n"));
});

describe("grpc-router instances", () => {
  it.each([
    [
      "http://127.0.0.1:1",
      1,
      "Cannot ask the router at http://127.0.0.1:1: connection refused. Start a router with an admin API or give its address with --admin\n",
    ],
    [
      "127.0.0.1:1",
      1,
      "Cannot ask the router at http://127.0.0.1:1: connection refused. Start a router with an admin API or give its address with --admin\n",
    ],
    [
      "localhost",
      2,
      "Cannot ask the router: --admin must be host:port, http://host:port or https://host:port, received localhost\n",
    ],
  ])("of %s ends with %d", async (admin, code, err) => {
    const io = createTestIo();
    expect(await run(["instances", "--admin", admin], io)).toBe(code);
    expect(io.text).toEqual({ out: "", err });
    const other = createTestIo({ env: { GRPC_ROUTER_ADMIN: admin } });
    expect(await run(["instances"], other)).toBe(code);
    expect(other.text).toEqual({ out: "", err });
  });
});
