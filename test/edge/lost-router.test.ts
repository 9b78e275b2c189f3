// SPDX-License-Identifier: Apache-2.0
// kill -9 of the router: instances abort what they ran for it, keep dialling, and serve the next router on the port.
import { randomBytes } from "node:crypto";
import * as grpc from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { createFaultClient, patient } from "../faults/fault-client.ts";
import { startInstance, startRouter } from "../harness/stack.ts";

const toStop: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(toStop.splice(0).map((one) => one.stop()));
});

test("calls end, handlers are aborted, and both instances are back at the next router", async () => {
  const router = await startRouter();
  toStop.push(router);
  const ids = ["first", "second"];
  const instances = await Promise.all(
    ids.map((id) => startInstance({ url: router.url, services: ["faults", "test"], id, verbose: true })),
  );
  toStop.push(...instances);
  const client = createFaultClient(router.address);
  const running = [client.run({ name: "unary", holdOn: ids }), client.watch({ name: "watch", holdOn: ids }).outcome];
  const anyInstance = (pattern: RegExp) => Promise.race(instances.map((instance) => instance.untilLine(pattern)));
  await Promise.all([anyInstance(/^began unary$/), anyInstance(/^began watch$/)]);

  router.kill("SIGKILL");
  for (const outcome of await Promise.all(running)) expect(outcome.code, outcome.details).toBe(grpc.status.UNAVAILABLE);
  await Promise.all([anyInstance(/^aborted unary/), anyInstance(/^aborted watch/)]);
  for (const instance of instances) {
    const line = await instance.untilLine(/(Lost|Cannot reach) router http:/);
    expect(line).toMatch(/Trying again in [\d.]+ s \(1st time\)/);
  }

  const next = await startRouter({ port: router.port });
  toStop.push(next);
  const metadata = patient();
  metadata.setOptions({ waitForReady: true });
  const served = new Set<string | undefined>();
  while (served.size < ids.length) {
    const name = randomBytes(4).toString("hex");
    const { code, details, messages } = await client.run({ name }, { metadata });
    expect(code, details).toBe(grpc.status.OK);
    served.add(messages[0]?.instance);
  }
  client.close();
});
