// SPDX-License-Identifier: Apache-2.0
// Certificates on every side at once: at the listeners of clients, of registrations and of the admin API, each with an
// authority of its own, on the bridge's dial to the router, and on its dial to the server behind it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, file_google_protobuf_timestamp } from "@bufbuild/protobuf/wkt";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { run } from "@grpc-router/cli";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { file_acme_user_v1_user, UserService } from "../../examples/quickstart/src/gen/acme/user/v1/user_pb.ts";
import { createTestIo, type TestIo } from "../../packages/cli/src/test-io.suite.ts";

const folder = mkdtempSync(join(tmpdir(), "grpc-router-mutual-"));
/** Each vouches for itself, and for nobody else. */
const pairs = {
  router: createSelfSigned(),
  server: createSelfSigned(),
  client: createSelfSigned(["spiffe://acme/shop"]),
  instance: createSelfSigned(["spiffe://acme/users"]),
  operator: createSelfSigned(["operator.acme"]),
};

const config = `listeners:
  client: { address: "127.0.0.1:0", tls: { certificate: router.pem, key: router-key.pem, authorities: client.pem } }
  registration: { address: "127.0.0.1:0", tls: { certificate: router.pem, key: router-key.pem, authorities: instance.pem } }
  admin: { address: "127.0.0.1:0", tls: { certificate: router.pem, key: router-key.pem, authorities: operator.pem } }
services: { descriptor_sets: [image.binpb] }
observability: { access_log: { file: access.log, fields: [status, identity] } }
instances: { credentials: [{ name: users, services: ["acme.user.*"], certificates: ["spiffe://acme/users"] }] }
`;

const ends: (() => Promise<unknown>)[] = [];
const seen: (string | undefined)[] = [];
const server = createSecureServer(
  { ...pairs.server, ca: pairs.instance.cert, requestCert: true, rejectUnauthorized: true },
  connectNodeAdapter({
    routes: (router) =>
      void router.service(UserService, { getUser: ({ userId }) => ({ user: { userId, name: "Ada" } }) }),
  }),
);
/** `https://localhost:PORT` of each listener. */
let router: TestIo;
let urls = { client: "", registration: "", admin: "" };

/** Starts a command that stays; answers what it has written. */
function start(...args: readonly string[]) {
  const io = createTestIo({ folder });
  const done = run(args, io);
  ends.push(() => {
    io.interrupt();
    return done;
  });
  return io;
}

async function once(...args: readonly string[]) {
  const io = createTestIo({ folder });
  return { code: await run(args, io), ...io.text };
}

/** Flags with which `who` shows its certificate to the router. */
const shows = (who: keyof typeof pairs) => [
  ...["--tls-ca", "router.pem", "--tls-cert", `${who}.pem`, "--tls-key", `${who}-key.pem`],
];
const asOperator = (flags: readonly string[]) => flags.map((flag) => flag.replace("--tls", "--admin-tls"));
/** A bridge that shows the server the instance's certificate, and the router that of `who`. */
function bridgeFlags(who: keyof typeof pairs): string[] {
  const to = `https://localhost:${(server.address() as AddressInfo).port}`;
  const shown = ["--to-ca", "server.pem", "--to-cert", "instance.pem", "--to-key", "instance-key.pem"];
  const flags = ["--to", to, "--descriptor-set", "image.binpb", "--router", urls.registration];
  const whole = [...flags, ...shown, ...shows(who)];
  return ["bridge", ...whole.map((word) => (/\.(?:pem|binpb)$/.test(word) ? join(folder, word) : word))];
}
const call = (who: keyof typeof pairs) =>
  once("call", `${urls.client}/acme.user.v1.UserService/GetUser`, "-d", '{"userId":"1"}', ...shows(who));

beforeAll(async () => {
  for (const [name, { cert, key }] of Object.entries(pairs)) {
    writeFileSync(join(folder, `${name}.pem`), cert);
    writeFileSync(join(folder, `${name}-key.pem`), key);
  }
  const file = [file_google_protobuf_timestamp.proto, file_acme_user_v1_user.proto];
  writeFileSync(
    join(folder, "image.binpb"),
    toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file })),
  );
  writeFileSync(join(folder, "router.yaml"), config);
  server.on("secureConnection", (socket) => seen.push(socket.getPeerX509Certificate()?.subjectAltName));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(async () => server.close());

  router = start("serve", "--config", "router.yaml");
  await router.until(/^ready /m);
  const [, client, registration] = /Routing on (\S+); instances register on (\S+)/.exec(router.text.err) ?? [];
  const [, admin] = /Admin API on (\S+)/.exec(router.text.err) ?? [];
  const named = (url = "") => url.replace("127.0.0.1", "localhost");
  urls = { client: named(client), registration: named(registration), admin: named(admin) };

  const bridge = start(...bridgeFlags("instance"));
  await bridge.until(/^registered/m);
});
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true });
});

describe("with certificates on every side", () => {
  test("a call goes from the client through router and bridge to the server", async () => {
    expect(await call("client")).toMatchObject({ code: 0, out: expect.stringContaining('"name":"Ada"') });
    expect(seen).toEqual(["URI:spiffe://acme/users"]);
  });

  test("the access log says who has called", async () => {
    await vi.waitFor(() => expect(readFileSync(join(folder, "access.log"), "utf8")).toMatch(/\n/), { timeout: 5_000 });
    const [first = ""] = readFileSync(join(folder, "access.log"), "utf8").split("\n");
    expect(JSON.parse(first)).toEqual({ status: "OK", identity: "spiffe://acme/shop" });
  });

  test("an operator sees the instance, by the name in its certificate", async () => {
    const { code, out } = await once(
      "instances",
      "--admin",
      urls.admin,
      "-o",
      "json",
      ...asOperator(shows("operator")),
    );
    expect(code).toBe(0);
    expect(out).toContain('"principal": "users"');
  });

  test.each(["instance", "operator", "server"] as const)(
    "a certificate of another is refused to clients: %s",
    async (who) => {
      const refused = await call(who);
      expect(refused).toMatchObject({ code: 78, err: expect.stringMatching(/certificate/) });
    },
  );

  test.each(["client", "operator"] as const)("… and to instances: %s; the router says why", async (who) => {
    const bridge = start(...bridgeFlags(who));
    await bridge.until(/Cannot reach router /);
    bridge.interrupt();
    expect(bridge.text.out).toBe("");
    expect(router.text.err).toMatch(/Refused .* certificate.* event=tls_refused/);
  });

  test.each(["client", "instance"] as const)("… and to operators: %s", async (who) => {
    const { code, err } = await once("instances", "--admin", urls.admin, ...asOperator(shows(who)));
    expect(code).toBe(1);
    expect(err).toMatch(/certificate/);
  });
});
