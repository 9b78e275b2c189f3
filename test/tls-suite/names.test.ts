// SPDX-License-Identifier: Apache-2.0
// Several certificates on one port, chosen by the name that a client says (SNI), as openssl sees them.
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { missingTool } from "../harness/tools.ts";
import { startSClient } from "./s-client.ts";

const missing = missingTool("openssl");
const own = createSelfSigned();
const pairs = {
  "users.example": createSelfSigned(["users.example"]),
  "*.example": createSelfSigned(["*.example"]),
};

describe.skipIf(missing !== undefined)("a router with certificates for names", () => {
  let router: InProcess;
  beforeAll(async () => {
    router = await startInProcess({ tls: { serve: { ...own, names: pairs }, dial: { ca: own.cert } } });
  });
  afterAll(() => router?.stop());

  /** The PEM text of the certificate that openssl is shown. */
  async function shownTo(...args: readonly string[]): Promise<string> {
    const client = startSClient(router.address, ...args);
    await client.until(/-----END CERTIFICATE-----[\s\S]*ALPN protocol: h2/);
    client.say("Q\n");
    return /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(await client.ended)?.[0] ?? "";
  }

  test.each(["-tls1_2", "-tls1_3"])("shows each name its own: %s", async (version) => {
    const shown = [
      await shownTo(version, "-servername", "users.example"),
      await shownTo(version, "-servername", "USERS.example"),
      await shownTo(version, "-servername", "orders.example"),
      await shownTo(version, "-servername", "deep.orders.example"),
      await shownTo(version, "-noservername"),
    ];
    const { "users.example": users, "*.example": others } = pairs;
    expect(shown).toEqual([users, users, others, own, own].map(({ cert }) => cert.trim()));
  });

  test("takes other names on a reload", async () => {
    const renewed = createSelfSigned(["users.example"]);
    router.server.reloadCertificates({ ...own, names: { "users.example": renewed } });
    expect(await shownTo("-servername", "users.example")).toBe(renewed.cert.trim());
    expect(await shownTo("-servername", "orders.example")).toBe(own.cert.trim());
  });
});
