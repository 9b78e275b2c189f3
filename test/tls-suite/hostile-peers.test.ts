// SPDX-License-Identifier: Apache-2.0
// Peers that use the TLS handshake, and what comes with TLS, against a router process.
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { create } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import type { ListenerStats } from "@grpc-router/node";
import { createSeededRandom } from "@grpc-router/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { createCertificate } from "../harness/certificate.ts";
import type { ProcessState } from "../harness/process-state.ts";
import { type Stack, startStack } from "../harness/stack.ts";
import { missingTool } from "../harness/tools.ts";
import { SimpleRequestSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";
import { clientHello, placeholder } from "./client-hello.ts";
import { type SClient, startSClient } from "./s-client.ts";

const handshakeMs = 1_500;
/** What may pass between the end of a time limit and the end of the last connection. */
const promptMs = 1_500;
const tls = createCertificate();
const missing = missingTool("openssl");

let stack: Stack;
let victim: ReturnType<typeof createGrpcJsClient>;
let hello: Buffer;
beforeAll(async () => {
  const listenerLimits = { handshakeMs, tlsOverheadBytes: 4_096 };
  stack = await startStack({ services: ["test"], tls, listenerLimits, linked: true });
  victim = createGrpcJsClient(`${stack.host}:${stack.port}`, { ca: readFileSync(tls.cert, "utf8") });
  hello = await clientHello();
});
afterAll(async () => {
  victim?.close();
  await stack?.stop();
});
afterEach(async () => {
  // Whatever happened, the router still serves, on a connection that was open before.
  const { code, details } = await victim.call(TestService.method.unaryCall, [create(SimpleRequestSchema)]);
  expect(code, details).toBe(grpc.status.OK);
});

const stats = () => stack.router.link.ask<ListenerStats>("listener");
const retained = async () => (await stack.router.link.ask<ProcessState>("state")).retainedBytes;

/** Sends `parts` one after the other, and stops. Resolves when the router has closed. */
function stopAfter(parts: readonly Uint8Array[]): Promise<void> {
  const socket: Socket = connect(stack.port, stack.host);
  socket.on("error", () => {});
  socket.resume();
  for (const part of parts) socket.write(part);
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

describe("peers that stop in the handshake (A14)", () => {
  test("200 of them are all gone after the time limit, and so is their memory", async () => {
    const shapes = [[], [hello.subarray(0, 1)], [hello.subarray(0, hello.length / 2)], [hello]];
    const flood = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, index) => stopAfter(shapes[index % shapes.length] ?? [])));
    await flood(20); // warm: what TLS needs anyway is there
    const before = { retained: await retained(), hits: (await stats()).limitHits.handshakeMs };
    const startedMs = performance.now();
    const gone = flood(200);
    await vi.waitFor(async () => expect((await stats()).handshakes).toBe(200));
    await gone;
    expect(performance.now() - startedMs).toBeLessThan(handshakeMs + promptMs);
    await vi.waitFor(async () => expect((await stats()).handshakes).toBe(0));
    const { limitHits } = await stats();
    expect(limitHits.handshakeMs).toBe(before.hits + 200);
    expect(await retained()).toBeLessThan(before.retained * 1.05);
  });
});

describe("hostile ClientHellos (A26)", () => {
  const names = [
    "\0".repeat(40),
    "..".repeat(20),
    "\xc3\xa9".repeat(20),
    "\xff".repeat(40),
    "*.".repeat(20),
    "%00%0a/".padEnd(40, "A"),
    "__proto__".padEnd(40, "."),
    "127.0.0.1".padEnd(40, " "),
    "\r\nInjected: line".padEnd(40, "\n"),
  ];

  test("names that are none in SNI harm nobody", async () => {
    const at = hello.indexOf(placeholder);
    const hostile = names.map((name) => {
      const copy = Buffer.from(hello);
      copy.set(Buffer.from(name, "latin1").subarray(0, placeholder.length), at);
      return copy;
    });
    await Promise.all(hostile.map((bytes) => stopAfter([bytes])));
  });

  test("400 damaged ones end with a refusal or the time limit", { timeout: 60_000 }, async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    console.log(`damaged ClientHellos: SEED=${seed}`);
    const random = createSeededRandom(seed);
    const before = await stats();
    for (let round = 0; round < 8; round++) {
      const startedMs = performance.now();
      await Promise.all(Array.from({ length: 50 }, () => stopAfter([damaged(hello, random)])));
      expect(performance.now() - startedMs, `SEED=${seed}`).toBeLessThan(handshakeMs + promptMs);
    }
    await vi.waitFor(async () => expect((await stats()).handshakes).toBe(0));
    const { accepted, handshakesFailed } = await stats();
    expect(accepted - before.accepted).toBe(400);
    expect(handshakesFailed - before.handshakesFailed).toBeGreaterThan(300); // some damage is none
    expect(handshakesFailed - before.handshakesFailed).toBeLessThanOrEqual(400);
  });
});

/** A ClientHello with some octets changed, left out, repeated, or cut off. */
function damaged(bytes: Buffer, { integer, randomBytes }: ReturnType<typeof createSeededRandom>): Uint8Array {
  const copy = Buffer.from(bytes);
  for (let change = integer(4); change >= 0; change--) copy[integer(copy.length)] = integer(256);
  copy[0] = bytes[0] ?? 0; // else it would not be TLS at all
  switch (integer(4)) {
    case 0:
      return copy.subarray(0, 1 + integer(copy.length - 1));
    case 1:
      return Buffer.concat([copy, randomBytes(integer(20_000))]);
    case 2:
      return Buffer.concat([copy, copy, copy]);
    default:
      return copy;
  }
}

describe.skipIf(missing !== undefined)(
  `openssl s_client${missing === undefined ? "" : `, skipped: ${missing}`}`,
  () => {
    let client: SClient | undefined;
    afterEach(() => client?.stop());

    test("a renegotiation ends the connection (RFC 9113 section 9.2.1)", async () => {
      const before = (await stats()).renegotiations;
      client = startSClient(stack.router.address, "-tls1_2");
      await client.until(/Verify return code/);
      client.say("R\n");
      expect(await client.ended).toMatch(/RENEGOTIATING/);
      expect((await stats()).renegotiations).toBe(before + 1);
      await stack.router.untilLine(/it asked for a TLS renegotiation, which HTTP\/2 forbids/);
    });

    test("a few key updates are taken, a flood of them ends the connection", async () => {
      const before = await stats();
      client = startSClient(stack.router.address, "-tls1_3");
      await client.until(/Verify return code/);
      const sender = client;
      for (let count = 0; count < 10; count++) {
        client.say("K\n");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect((await stats()).connections).toBe(before.connections + 1);
      // Each line must be read alone to count.
      const flood = setInterval(() => sender.say("K\n"), 4);
      await sender.ended;
      clearInterval(flood);
      const after = await stats();
      expect(after.limitHits.tlsOverheadBytes).toBe(before.limitHits.tlsOverheadBytes + 1);
      await stack.router.untilLine(/its TLS records carry no data \(limits\.tlsOverheadBytes\)/);
    });
  },
);
