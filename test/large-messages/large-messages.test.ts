// SPDX-License-Identifier: Apache-2.0
// A message of 64 MiB passes the router in slices: it is never there as a whole, however slow its sender or reader is.
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";
import { writeDescriptorSet } from "../generic-bridge/generic-rig.ts";
import { noMemory, residentBytes, watchPeak } from "../harness/memory.ts";
import type { ProcessState } from "../harness/process-state.ts";
import type { Running } from "../harness/processes.ts";
import { createRawClient, framed } from "../harness/raw-call.ts";
import { cli } from "../harness/serve-command.ts";
import { type RouterProcess, startNode, startRouter } from "../harness/stack.ts";
import { SimpleRequestSchema, SimpleResponseSchema } from "../interop/gen/grpc/testing/messages_pb.ts";
import { TestService } from "../interop/gen/grpc/testing/test_pb.ts";
import { replySeed } from "./answer.ts";
import { contentOf, hashOf } from "./content.ts";

const MIB = 1024 * 1024;
const MESSAGE_BYTES = 64 * MIB;
const LIMIT_BYTES = MESSAGE_BYTES + MIB;
/** What the router may grow by, at most at any time. */
const GROWTH_BYTES = 4 * MIB;
/** A collection of garbage at another moment moves the peak by some MiB: the best of so many tries counts. */
const TRIES = 5;
const STALL_MS = 2_000;

const request = contentOf(5, MESSAGE_BYTES);
const requestHash = hashOf(request);
const replyHash = hashOf(contentOf(replySeed, MESSAGE_BYTES));
const nothing = new Uint8Array(0);
const nothingHash = hashOf(nothing);
const unaryPath = "/grpc.testing.TestService/UnaryCall";

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Starts what answers at a router; the last one is the server itself. */
const servers: Readonly<Record<string, (url: string) => Promise<Running[]>>> = {
  async "a bridge in TypeScript"(url) {
    return [await startNode(pathOf("instance-process.ts"), { args: [url, `${LIMIT_BYTES}`], ready: /^registered/ })];
  },
  async "the generic bridge before grpc-js"(url) {
    const server = await startNode(pathOf("server-process.ts"), { args: [`${LIMIT_BYTES}`], ready: /^ready \d+$/ });
    const to = `127.0.0.1:${server.line.slice("ready ".length)}`;
    const flags = ["--descriptor-set", writeDescriptorSet(), "--service", TestService.typeName];
    const args = ["bridge", "--to", to, "--router", url, "--max-message-bytes", `${LIMIT_BYTES}`, ...flags];
    const bridge = await startNode(cli, { args: [...args, "--grace", "500ms"], ready: /^registered pid/ });
    await bridge.untilLine(/takes calls/);
    return [bridge, server];
  },
};

describe.skipIf(noMemory !== undefined).each(Object.keys(servers))(
  `64 MiB through the router, to %s${noMemory ? `, skipped: ${noMemory}` : ""}`,
  (name) => {
    let router: RouterProcess;
    let processes: Running[] = [];
    let client: ReturnType<typeof createGrpcJsClient>;

    beforeAll(async () => {
      router = await startRouter({ maxRequestBytes: LIMIT_BYTES, maxResponseBytes: LIMIT_BYTES, linked: true });
      processes = (await servers[name]?.(router.url)) ?? [];
      client = createGrpcJsClient(router.address, {
        "grpc.max_receive_message_length": LIMIT_BYTES,
        "grpc.max_send_message_length": LIMIT_BYTES,
      });
      // Warm: what the router needs anyway is there.
      for (let count = 0; count < 3; count++) await exchange(request, MESSAGE_BYTES);
    }, 120_000);
    afterAll(async () => {
      client?.close();
      for (const process of processes) await process.stop();
      await router?.stop();
    });

    async function exchange(body: Uint8Array, responseSize: number): Promise<void> {
      const message = create(SimpleRequestSchema, { payload: { body }, responseSize });
      const { code, details, messages } = await client.call(TestService.method.unaryCall, [message]);
      expect(code, details).toBe(0);
      expect(messages[0]?.username).toBe(body.length === 0 ? nothingHash : requestHash);
      expect(hashOf(messages[0]?.payload?.body ?? nothing)).toBe(responseSize === 0 ? nothingHash : replyHash);
    }

    /** How far the router's resident memory rises while `act` runs, and what of it stays behind its garbage. */
    async function growthOf(what: string, act: () => Promise<void>): Promise<number> {
      const growths: number[] = [];
      for (let attempt = 0; attempt < TRIES; attempt++) {
        const before = await router.link.ask<ProcessState>("state");
        const peak = watchPeak(router.pid);
        await act();
        growths.push(peak());
        const after = await router.link.ask<ProcessState>("state");
        const left = after.residentBytes - before.residentBytes;
        console.log(
          `${what}: router's peak +${mib(growths.at(-1) ?? 0)} MiB, ${mib(left)} MiB stay, retained ${mib(after.retainedBytes - before.retainedBytes)}, RSS ${mib(residentBytes(router.pid))}`,
        );
        if ((growths.at(-1) ?? 0) < GROWTH_BYTES) break;
      }
      return Math.min(...growths);
    }

    test.each([
      ["a request", request, 0],
      ["a reply", nothing, MESSAGE_BYTES],
      ["a request and a reply", request, MESSAGE_BYTES],
    ] as const)("%s raises it by less than 4 MiB", { timeout: 120_000 }, async (what, body, size) => {
      expect(await growthOf(what, () => exchange(body, size))).toBeLessThan(GROWTH_BYTES);
    });

    test("so it is with a client that stops reading for 2 s", { timeout: 120_000 }, async () => {
      const order = toBinary(SimpleRequestSchema, create(SimpleRequestSchema, { responseSize: MESSAGE_BYTES }));
      const growth = await growthOf("a stalled client", async () => {
        const raw = createRawClient(router.url);
        const { stream, head, answer } = raw.start(unaryPath, { body: framed(order) });
        await head;
        stream.pause();
        await sleep(STALL_MS);
        stream.resume();
        const { code, body } = await answer;
        expect(code).toBe(0);
        expect(hashOf(fromBinary(SimpleResponseSchema, body.subarray(5)).payload?.body ?? nothing)).toBe(replyHash);
        raw.close();
      });
      expect(growth).toBeLessThan(GROWTH_BYTES);
    });

    test("and with a server that stands still for 2 s", { timeout: 120_000 }, async () => {
      const server = processes.at(-1);
      const growth = await growthOf("a server that stands still", async () => {
        const done = exchange(request, 0);
        await sleep(20);
        server?.kill("SIGSTOP");
        await sleep(STALL_MS);
        server?.kill("SIGCONT");
        await done;
      });
      expect(growth).toBeLessThan(GROWTH_BYTES);
    });
  },
);

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
