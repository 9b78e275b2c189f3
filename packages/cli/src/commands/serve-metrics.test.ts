// SPDX-License-Identifier: Apache-2.0
// What serve tells Prometheus and OpenTelemetry.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { run } from "../run.js";
import { createTestIo } from "../test-io.suite.js";

const modules = fileURLToPath(new URL("../module/note-modules.suite.ts", import.meta.url));
const ports = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--grace", "1s"];

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A collector that notes the paths that it is asked. */
async function collect(): Promise<{ readonly url: string; readonly paths: readonly string[] }> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`);
    request.resume().on("end", () => response.end());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}

describe("grpc-router serve", () => {
  it.each(["--otlp-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"])(
    "has /metrics beside its admin API, and sends them a last time when it stops (%s)",
    async (how) => {
      const collector = await collect();
      const env = how.startsWith("--") ? {} : { [how]: collector.url };
      const flags = how.startsWith("--") ? [how, collector.url] : [];
      const router = createTestIo({ env });
      const done = run(
        ["serve", "--module", modules, ...ports, "--metrics-label", "v", "--trace-ratio", "0", ...flags],
        router,
      );
      await router.until(/^ready (.*) pid \d+$/m);
      const address = /^ready (.*) pid/m.exec(router.text.out)?.[1] ?? "";
      const adminUrl = /Admin API on (\S+)/.exec(router.text.err)?.[1] ?? "";
      const bridge = createTestIo();
      const bridged = run(
        ["bridge", modules, "--router", `http://${address}`, "--id", "notes-1", "--label", "v=2"],
        bridge,
      );
      await bridge.until(/^registered pid \d+$/m);
      const call = createTestIo();
      expect(await run(["call", `${address}/test.v1.NoteService/Get`, "-d", '{"text":"a"}'], call)).toBe(0);
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      const labels = 'grpcrouter_service="test.v1.NoteService",grpc_method="test.v1.NoteService/Get",grpc_status="OK"';
      expect(text).toContain(`grpcrouter_calls_total{${labels},grpcrouter_instance_v="2"} 1\n`);
      expect(router.text.err).toContain(`Sending metrics to ${collector.url}/v1/metrics`);
      expect(collector.paths).toEqual([]);
      bridge.interrupt();
      await bridged;
      router.interrupt();
      expect(await done).toBe(0);
      expect(collector.paths).toEqual(["POST /v1/metrics"]);
    },
  );

  it("refuses a collector that is no URL", async () => {
    const io = createTestIo();
    expect(await run(["serve", "--module", modules, ...ports, "--otlp-endpoint", "nowhere"], io)).not.toBe(0);
    expect(io.text.err).toContain("the endpoint must be a URL such as http://localhost:4318, received nowhere");
  });
});
