// SPDX-License-Identifier: Apache-2.0
// What instances report of their load, as the router's list of instances shows it.
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, expect, test, vi } from "vitest";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

let router: InProcess | undefined;
afterEach(() => router?.stop());

test("an instance reports what its process uses, its rates and what its code says", async () => {
  router = await startInProcess({ bridge: { load: { intervalMs: 1_000, application: () => ({ utilization: 0.5 }) } } });
  const { server, url } = router;
  const client = createClient(TestService, createGrpcTransport({ baseUrl: url }));
  await client.emptyCall({});
  const bad = { responseStatus: { code: 13, message: "it failed" } };
  await expect(client.unaryCall(bad)).rejects.toThrow("it failed");
  await vi.waitFor(() => expect(server.instances()[0]?.load).toBeDefined(), 5_000);
  const loads = server.instances().map(({ load }) => load);
  // Of both services, as both are of one process.
  expect(loads).toHaveLength(2);
  for (const load of loads) {
    expect(load?.rps).toBeCloseTo(2, 0);
    expect(load?.eps).toBeCloseTo(1, 0);
    expect(load?.cpuUtilization).toBeGreaterThan(0);
    expect(load?.memUtilization).toBeGreaterThan(0);
    expect(load?.memUtilization).toBeLessThan(1);
    expect(load?.applicationUtilization).toBe(0.5);
  }
});
