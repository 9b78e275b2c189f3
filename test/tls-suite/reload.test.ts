// SPDX-License-Identifier: Apache-2.0
// New certificates while calls run.
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { createSelfSigned } from "@grpc-router/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { createCertificate } from "../harness/certificate.ts";
import { type InProcess, startInProcess } from "../harness/in-process.ts";
import { SimpleRequestSchema, StreamingOutputCallRequestSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";

const { method } = TestService;
const files = createCertificate();
const first = readFileSync(files.cert, "utf8");

let router: InProcess;
let client: ReturnType<typeof createGrpcJsClient>;
beforeAll(async () => {
  router = await startInProcess({ tls: { serve: { ...files, watchMs: 25 }, dial: { ca: first } } });
  client = createGrpcJsClient(router.address, { ca: first });
});
afterAll(async () => {
  client?.close();
  await router?.stop();
});

function write(pair: { readonly cert: string; readonly key: string }): void {
  writeFileSync(files.cert, pair.cert);
  writeFileSync(files.key, pair.key);
}

/** The names in the certificate that a new connection sees. */
function namesNow(): Promise<string | undefined> {
  const { host, port } = router.server.address;
  const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ["h2"] });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      resolve(socket.getPeerX509Certificate()?.subjectAltName);
      socket.destroy();
    });
  });
}

test("calls go on across a renewal, new connections see the new certificate, a broken pair changes nothing", async () => {
  const call = async () => {
    const { code, details } = await client.call(method.unaryCall, [create(SimpleRequestSchema)]);
    expect(code, details).toBe(grpc.status.OK);
  };
  const stream = client.start(method.fullDuplexCall);
  stream.stream.write(create(StreamingOutputCallRequestSchema, { responseParameters: [{ size: 1 }] }));
  await call();
  expect(await namesNow()).toBe("DNS:localhost, IP Address:127.0.0.1");

  const renewed = createSelfSigned(["renewed.example"]);
  write(renewed);
  await router.routerLog.until(/^Took new certificates: DNS:renewed\.example, valid to /);
  expect(await namesNow()).toBe("DNS:renewed.example");
  await call();

  writeFileSync(files.key, createSelfSigned().key);
  await router.routerLog.until(/^Kept the old certificates\. .* tls\.key must be the key of tls\.cert/);
  expect(() => router.server.reloadCertificates()).toThrow(/tls\.key must be the key of tls\.cert/);
  expect(await namesNow()).toBe("DNS:renewed.example");
  await call();

  write(createSelfSigned(["third.example"]));
  await router.routerLog.until(/^Took new certificates: DNS:third\.example/);
  stream.stream.write(create(StreamingOutputCallRequestSchema, { responseParameters: [{ size: 2 }] }));
  stream.stream.end();
  const { code, messages } = await stream.outcome;
  expect({ code, sizes: messages.map(({ payload }) => payload?.body.length) }).toEqual({ code: 0, sizes: [1, 2] });
  expect(router.server.listenerStats().accepted).toBe(5); // the instance, the client, and three that only looked
});
