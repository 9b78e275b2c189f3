// SPDX-License-Identifier: Apache-2.0
// What gRPC's negative HTTP/2 cases ask of a server and the router does by itself: it drains, it asks by PING, and it
// allows one stream at a time. grpc-go's client of those cases must bear it. (The rst_ cases need a server that fails in
// the middle of a call.)
import { RawFlag, RawType } from "@grpc-router/testing";
import { afterEach, describe, expect, test } from "vitest";
import { runProcess } from "../harness/processes.ts";
import { type Stack, type StackOptions, startStack } from "../harness/stack.ts";
import { missingTool, requireTool } from "../harness/tools.ts";
import { type FrameTap, framesOf, mostStreamsAtOnce, startFrameTap } from "./frame-tap.ts";
import type { NegativeCase } from "./negative-case.ts";

const missing = missingTool("grpc-go-negative-http2");

const stacks: Stack[] = [];
let tap: FrameTap | undefined;
afterEach(async () => {
  tap?.close();
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
});

async function start(connections: StackOptions["connections"] = {}): Promise<Stack> {
  const stack = await startStack({ services: ["test"], connections });
  stacks.push(stack);
  return stack;
}

async function runClient(name: NegativeCase, port: number): Promise<void> {
  const args = ["-server_host=127.0.0.1", `-server_port=${port}`, `-test_case=${name}`];
  const { code, stderr } = await runProcess(requireTool("grpc-go-negative-http2"), args);
  expect(code, stderr).toBe(0);
}

describe.skipIf(missing !== undefined)(
  `grpc-go's negative cases against the router${missing === undefined ? "" : `, skipped: ${missing}`}`,
  () => {
    test("goaway: a router that drains behind the first call gets no second one", async () => {
      const [first, second] = await Promise.all([start(), start()]);
      let target = first;
      tap = await startFrameTap({
        target: () => target.port,
        onFrame(from, { type, flags }) {
          const isAnswered = from === "server" && type === RawType.headers && (flags & RawFlag.endStream) !== 0;
          if (!isAnswered || target === second) return;
          target = second;
          first.router.kill("SIGTERM");
        },
      });
      await runClient("goaway", tap.port);
      const { connections } = tap;
      expect(connections.map((connection) => framesOf(connection, "client", RawType.headers).length)).toEqual([1, 1]);
      const [goaway] = framesOf(connections[0], "server", RawType.goaway);
      // The first of the two of RFC 9113 section 6.8; grpc-go, with no call open, leaves without waiting for the other.
      expect(
        Buffer.from(goaway?.payload ?? [])
          .subarray(0, 8)
          .toString("hex"),
      ).toBe("7fffffff00000000");
    });

    // The router asks while much comes in, to measure what a round trip brings.
    test("ping: every PING of the router is answered", async () => {
      const { port } = await start();
      tap = await startFrameTap({ target: () => port });
      await runClient("ping", tap.port);
      const pings = framesOf(tap.connections[0], "server", RawType.ping).filter(({ flags }) => flags !== RawFlag.ack);
      const answers = framesOf(tap.connections[0], "client", RawType.ping).filter(({ flags }) => flags === RawFlag.ack);
      expect(pings.length).toBeGreaterThan(0);
      expect(answers).toHaveLength(pings.length);
    });

    test("max_streams: one at a time, and nothing is refused", async () => {
      const { port } = await start({ limits: { concurrentStreams: 1 } });
      tap = await startFrameTap({ target: () => port });
      await runClient("max_streams", tap.port);
      const { connections } = tap;
      expect(connections.map(mostStreamsAtOnce)).toEqual([1]);
      expect(framesOf(connections[0], "client", RawType.headers)).toHaveLength(16);
      expect(framesOf(connections[0], "server", RawType.rstStream)).toEqual([]);
    });
  },
);
