// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@grpc-router/protocol";
import { createRouter } from "@grpc-router/runtime";
import { createSelfSigned } from "@grpc-router/testing";
import { describe, expect, it } from "vitest";
import { serveAdmin } from "../admin/serve-admin.js";
import { serveRouter } from "../serve/serve-router.js";

const secondsOf = (pem: string) => Date.parse(new X509Certificate(pem).validTo) / 1_000;

describe("metrics() of a router's server", () => {
  it("tell when the certificates of all listeners end, those of a reload included", async () => {
    const folder = mkdtempSync(join(tmpdir(), "grpc-router-certificate-metrics-"));
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const write = (validMs: number): string => {
      const pair = createSelfSigned(["localhost"], { validMs });
      writeFileSync(cert, pair.cert);
      writeFileSync(key, pair.key);
      return pair.cert;
    };
    const first = secondsOf(write(3_600_000));
    const tls = { cert, key };
    const serve = { port: 0, tls, registration: { port: 0, tls: { ...tls, ca: cert } }, logger: silentLogger };
    const server = await serveRouter(createRouter(), serve);
    const admin = await serveAdmin(server, { port: 0, tls, logger: silentLogger });
    const points = () => {
      const family = server.metrics().find(({ definition }) => definition.name.startsWith("grpcrouter.certificate."));
      return family?.points.map(({ labels, value }) => [...labels, value]);
    };
    const all = (router: number, own: number) => [
      ["client", "certificate", router],
      ["registration", "certificate", router],
      ["registration", "authorities", router],
      ["admin", "certificate", own],
    ];
    expect(points()).toEqual(all(first, first));
    const second = secondsOf(write(7_200_000));
    server.reloadCertificates();
    expect(points()).toEqual(all(second, first));
    admin.reloadCertificates();
    expect(points()).toEqual(all(second, second));
    await admin.close();
    expect(points()).toEqual(all(second, second).slice(0, 3));
    await server.close();
    rmSync(folder, { recursive: true });
  });
});
