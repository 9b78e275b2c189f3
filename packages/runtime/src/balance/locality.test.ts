// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Candidate } from "./balancer.js";
import { anyCall, describeBalancer } from "./balancer.suite.js";
import { createLeastRequest } from "./least-request.js";
import { countLevels, createLabelled, expectShares, sicken } from "./levels.suite.js";
import { createLocality, type LocalityOptions } from "./locality.js";
import { createRoundRobin } from "./round-robin.js";

describeBalancer({
  create: () => createLocality({ zone: "eu-1a", region: "eu-1", child: createLeastRequest() }),
  name: "least_request",
  weighted: true,
});

/** Ten in the router's zone, ten in another of its region, ten elsewhere. */
function fleet() {
  const places = [
    { zone: "eu-1a", region: "eu-1" },
    { zone: "eu-1b", region: "eu-1" },
    { zone: "us-1a", region: "us-1" },
  ];
  return createLabelled(Array.from({ length: 30 }, (_, index) => places[Math.floor(index / 10)] ?? {}));
}

const levelOf = ({ instanceId }: Candidate) => Math.floor(Number(instanceId.slice(1)) / 10);

function create(options: Omit<LocalityOptions, "child">) {
  return createLocality({ ...options, child: createRoundRobin() });
}

describe("createLocality()", () => {
  it.each([
    [{ zone: "eu-1a", region: "eu-1" }, [0, 0, 0], [1, 0, 0]],
    [{ zone: "eu-1a", region: "eu-1" }, [5, 0, 0], [0.7, 0.3, 0]],
    [{ zone: "eu-1a", region: "eu-1" }, [10, 8, 0], [0, 0.28, 0.72]],
    [{ zone: "eu-1a", region: "eu-1", overprovisioningPercent: 100 }, [5, 0, 0], [0.5, 0.5, 0]],
    [{ zone: "us-1a", region: "us-1" }, [0, 0, 0], [0, 0, 1]],
    [{ zone: "eu-1c", region: "eu-1" }, [0, 0, 0], [0.5, 0.5, 0]],
    [{ region: "eu-1" }, [0, 0, 0], [0.5, 0.5, 0]],
    [{ zone: "eu-1b" }, [0, 0, 0], [0, 1, 0]],
    [{ zone: "eu-1b" }, [0, 5, 0], [0.15, 0.7, 0.15]],
    [{ zone: "ap-1a", region: "ap-1" }, [0, 0, 0], [1 / 3, 1 / 3, 1 / 3]],
    [{}, [0, 0, 0], [1 / 3, 1 / 3, 1 / 3]],
  ])("of a router at %j, with %j of ten unhealthy, shares out %j", (options, sick, expected) => {
    const candidates = fleet();
    sick.forEach((count, place) => {
      sicken(candidates.list.slice(place * 10), count);
    });
    expectShares(
      countLevels(create(options), candidates, () => anyCall, { levelOf }),
      expected,
    );
  });

  it("reads the labels that it is told", () => {
    const candidates = createLabelled([{ rack: "7" }, { zone: "7" }, { dc: "north" }]);
    const options = { zone: "7", region: "north", zoneLabel: "rack", regionLabel: "dc" };
    const balancer = create(options);
    const order: unknown[] = [];
    for (let round = 0; round < 3; round++) {
      const picked = balancer.pick(candidates, anyCall, () => 0);
      order.push(picked?.instanceId);
      candidates.list = candidates.list.filter((candidate) => candidate !== picked);
      candidates.version++;
    }
    expect(order).toEqual(["i0", "i2", "i1"]);
  });

  it("takes a zone of the same name in another region for another zone", () => {
    const candidates = createLabelled([{ zone: "a", region: "us" }, { zone: "b", region: "eu" }, { zone: "a" }]);
    const near = create({ zone: "a", region: "eu" });
    for (let call = 0; call < 10; call++) expect(near.pick(candidates, anyCall, () => 0.9)?.instanceId).toBe("i2");
    candidates.list.pop();
    candidates.version++;
    for (let call = 0; call < 10; call++) expect(near.pick(candidates, anyCall, () => 0.9)?.instanceId).toBe("i1");
  });

  it("passes calls on from a zone that is full to the region, and from there to the rest", () => {
    const candidates = fleet();
    const balancer = create({ zone: "eu-1a", region: "eu-1" });
    for (const candidate of candidates.list.slice(0, 10)) candidate.capacity = 0;
    expectShares(
      countLevels(balancer, candidates, () => anyCall, { levelOf }),
      [0, 1],
    );
    for (const candidate of candidates.list.slice(10, 20)) candidate.ready = false;
    expectShares(
      countLevels(balancer, candidates, () => anyCall, { levelOf }),
      [0, 0, 1],
    );
  });

  it("in a panic goes by the number of instances, so that a small zone is not overrun", () => {
    const candidates = fleet();
    candidates.list.splice(0, 8);
    sicken(candidates.list, 2);
    sicken(candidates.list.slice(2), 6);
    sicken(candidates.list.slice(12), 8);
    expectShares(
      countLevels(create({ zone: "eu-1a", region: "eu-1" }), candidates, () => anyCall, { levelOf }),
      [2 / 22, 10 / 22, 10 / 22],
    );
  });
});
