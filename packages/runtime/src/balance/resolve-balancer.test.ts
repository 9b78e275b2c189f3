// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { isRouterError, RouterError } from "../router-error.js";
import { anyCall, createCandidates } from "./balancer.suite.js";
import { type BalancerFactory, balancerByName, balancerNames, resolveBalancer } from "./resolve-balancer.js";
import { createRoundRobin } from "./round-robin.js";

const subject = "acme.user.v1.UserService/GetUser";

describe("resolveBalancer()", () => {
  it.each([
    [undefined, "least_request"],
    [{ roundRobin: {} }, "round_robin"],
    [{ leastRequest: {} }, "least_request"],
    [{ leastRequest: { choiceCount: 4 } }, "least_request"],
  ])("%j is %s", (balance, name) => {
    expect(resolveBalancer(balance, { subject }).name).toBe(name);
  });

  it("leastRequest compares as many as choiceCount says", () => {
    let draws = 0;
    const random = () => {
      draws++;
      return 0.1;
    };
    resolveBalancer({ leastRequest: { choiceCount: 6 } }, { subject }).pick(createCandidates(9), anyCall, random);
    expect(draws).toBe(6);
  });

  it("custom is made by the factory of that name from its parameters", () => {
    const seen: unknown[] = [];
    const factory: BalancerFactory = (parameters) => {
      seen.push(parameters);
      return createRoundRobin();
    };
    const custom = new Map([["same_zone", factory]]);
    resolveBalancer({ custom: { name: "same_zone", parameters: { zone: "eu-1" } } }, { subject, custom });
    resolveBalancer({ custom: { name: "same_zone" } }, { subject, custom });
    expect(seen).toEqual([{ zone: "eu-1" }, {}]);
  });

  it.each([
    [{}, "balance must name one strategy, received 0"],
    [{ roundRobin: {}, leastRequest: {} }, "balance must name one strategy, received 2"],
    [{ ringHash: {} }, "balance must be one of round_robin, least_request, custom, received ring_hash"],
    [{ custom: {} }, 'custom balance must be a registered strategy, and none is registered, received ""'],
    [{ custom: { name: "x" } }, 'custom balance must be a registered strategy, and none is registered, received "x"'],
  ])("%j is refused with its remedy", (balance, problem) => {
    expect(() => resolveBalancer(balance, { subject })).toThrow(
      new RouterError("INVALID_SETTING", `Cannot balance ${subject}: ${problem}`),
    );
  });

  it("custom with an unknown name lists the known ones", () => {
    const custom = new Map([["same_zone", createRoundRobin]]);
    expect(() => resolveBalancer({ custom: { name: "zone" } }, { subject, custom })).toThrow(
      'must be one of same_zone, received "zone"',
    );
  });
});

describe("balancerByName()", () => {
  it.each(balancerNames)("%s is built in", (name) => {
    expect(balancerByName(name)?.name).toBe(name);
  });

  it("any other name is not", () => {
    expect(balancerByName("ring_hash")).toBeUndefined();
  });
});

describe("isRouterError()", () => {
  it("knows its own and others'", () => {
    const error = new RouterError("INVALID_STATE", "Cannot", { cause: "why" });
    expect([isRouterError(error), error.code, error.cause]).toEqual([true, "INVALID_STATE", "why"]);
    expect([isRouterError(new Error("Cannot")), isRouterError("RouterError")]).toEqual([false, false]);
  });
});
