// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Balancer } from "./balancer.js";
import { anyCall, createCandidates, describeBalancer } from "./balancer.suite.js";
import { createGuarded } from "./guarded.js";
import { createLeastRequest } from "./least-request.js";

describeBalancer({
  create: () => createGuarded(createLeastRequest(), () => {}),
  name: "least_request",
  weighted: true,
});

describe("createGuarded()", () => {
  const oops = (): never => {
    throw new Error("oops");
  };

  it("takes what its child throws, and answers that nobody can take the call", () => {
    const errors: unknown[] = [];
    const child: Balancer = { name: "broken", pick: oops, isLost: oops, onEnd: oops };
    const balancer = createGuarded(child, (error) => errors.push(error));
    expect(balancer.pick(createCandidates(2), anyCall, Math.random)).toBeUndefined();
    expect(balancer.isLost?.(createCandidates(2), anyCall)).toBe(false);
    balancer.onEnd?.(createCandidates(1).list[0] as never, { code: 0, latencyMs: 1, nowMs: 1 });
    expect(errors.map(String)).toEqual(["Error: oops", "Error: oops", "Error: oops"]);
  });

  it("asks for nothing that its child does not ask for", () => {
    const { isLost, onEnd, readsLoad } = createGuarded(createLeastRequest(), () => {});
    expect([isLost, onEnd, readsLoad]).toEqual([undefined, undefined, undefined]);
    const learning: Balancer = { name: "learning", readsLoad: true, pick: () => undefined, onEnd() {} };
    expect(createGuarded(learning, () => {})).toMatchObject({ readsLoad: true, onEnd: expect.any(Function) });
  });
});
