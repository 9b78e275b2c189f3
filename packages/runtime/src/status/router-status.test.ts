// SPDX-License-Identifier: Apache-2.0
import { decodeStatusDetails, StatusCode } from "@grpc-router/protocol";
import { describe, expect, it } from "vitest";
import { maxCachedFacts } from "../limits.js";
import { createRouterStatus } from "./router-status.js";
import { createStatusCache } from "./status-cache.js";
import { encodeStatusLiterals } from "./status-literals.js";

const service = "acme.user.v1.UserService";

describe("createRouterStatus()", () => {
  it("has the reason's code and text, and says the same in its details and literals", () => {
    const status = createRouterStatus("NO_INSTANCE", { service }, { execution: "none" });
    const message = `No instance of ${service} is connected (NO_INSTANCE). Start one; see: grpc-router instances`;
    expect(status).toMatchObject({ reason: "NO_INSTANCE", code: StatusCode.unavailable, message });
    expect(decodeStatusDetails(status.details)).toEqual({
      code: StatusCode.unavailable,
      message,
      errorInfo: { reason: "NO_INSTANCE", domain: "grpcrouter", metadata: { execution: "none" } },
      retryAfterMs: undefined,
      others: [],
    });
    expect(status.literals).toEqual(encodeStatusLiterals(status));
  });

  it("tells execution and delay only if given", () => {
    const facts = { service, instance: "users-1" };
    const bare = decodeStatusDetails(createRouterStatus("ID_IN_USE", facts).details);
    expect([bare?.errorInfo?.metadata, bare?.retryAfterMs]).toEqual([{}, undefined]);
    const full = decodeStatusDetails(createRouterStatus("ID_IN_USE", facts, { retryAfterMs: 20_000 }).details);
    expect(full?.retryAfterMs).toBe(20_000);
  });

  it("shortens facts that a caller made long", () => {
    const path = `/${"x".repeat(10_000)}`;
    const { message, literals } = createRouterStatus("METHOD_UNKNOWN", { path, served: service });
    expect(message).toContain(`/${"x".repeat(255)}…:`);
    expect(literals.length).toBeLessThan(1_500);
  });
});

describe("createStatusCache()", () => {
  it("gives the same object for the same arguments and another for others", () => {
    const cache = createStatusCache();
    const first = cache.get("NO_INSTANCE", { service }, { execution: "none" });
    expect(cache.get("NO_INSTANCE", { service }, { execution: "none" })).toBe(first);
    expect(cache.get("NO_INSTANCE", { service }, { execution: "unknown" })).not.toBe(first);
    expect(cache.get("NO_INSTANCE", { service }, { execution: "none", retryAfterMs: 1 })).not.toBe(first);
    expect(cache.get("NO_INSTANCE", { service: "acme.Other" }, { execution: "none" })).not.toBe(first);
    expect(cache.get("ROUTER_DRAINING", {})).toBe(cache.get("ROUTER_DRAINING", {}));
  });

  it("remembers what a caller can vary by itself, so that it drives nothing else out", () => {
    const cache = createStatusCache({ maxEntries: 2, maxChoices: 2 });
    const ours = cache.get("NO_INSTANCE", { service });
    const unknown = (path: string) => cache.get("METHOD_UNKNOWN", { path, served: service });
    const first = unknown("/a/B");
    expect(unknown("/a/B")).toBe(first);
    for (let n = 0; n < 10; n++) unknown(`/a/C${n}`);
    expect(unknown("/a/B")).not.toBe(first);
    expect(cache.get("NO_INSTANCE", { service })).toBe(ours);
  });

  it("does not remember what is long", () => {
    const cache = createStatusCache();
    const facts = { path: `/${"x".repeat(maxCachedFacts)}`, served: service };
    expect(cache.get("METHOD_UNKNOWN", facts)).not.toBe(cache.get("METHOD_UNKNOWN", facts));
  });

  it("starts anew when it is full", () => {
    const cache = createStatusCache({ maxEntries: 2 });
    const first = cache.get("NO_INSTANCE", { service: "a" });
    cache.get("NO_INSTANCE", { service: "b" });
    expect(cache.get("NO_INSTANCE", { service: "a" })).toBe(first);
    cache.get("NO_INSTANCE", { service: "c" });
    expect(cache.get("NO_INSTANCE", { service: "a" })).not.toBe(first);
  });
});
