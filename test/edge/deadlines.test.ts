// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createFaultClient } from "../faults/fault-client.ts";
import { type InProcess, type InProcessOptions, startInProcess } from "../harness/in-process.ts";
import { createRawClient, type Fields, type RawClient, valuesOf } from "../harness/raw-call.ts";
import { type Stack, startStack } from "../harness/stack.ts";

const emptyCall = "/grpc.testing.TestService/EmptyCall";
const unaryCall = "/grpc.testing.TestService/UnaryCall";

/** Milliseconds that a call may take to its handler on a busy machine. */
const SLACK_MS = 1_000;

const timeout = (value: string): Fields => [["grpc-timeout", value]];

describe("a deadline", () => {
  let router: InProcess;
  let raw: RawClient;
  let handle: (context: HandlerContext) => unknown;
  let begun: number;

  async function start(options: InProcessOptions = {}): Promise<void> {
    router = await startInProcess({ ...options, instances: {} });
    raw = createRawClient(router.url);
  }
  const addInstance = () =>
    router.addInstance("one", {
      async emptyCall(_request, context) {
        begun++;
        await handle(context);
        return {};
      },
    });

  beforeEach(() => {
    handle = () => {};
    begun = 0;
  });
  afterEach(async () => {
    raw.close();
    await router.stop();
  });

  const units = [
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3_000],
    ["4000m", 4_000],
    ["5000000u", 5_000],
  ] as const;
  test("reaches the handler as the time that is left, whatever its unit", async () => {
    await start();
    await addInstance();
    for (const [value, setMs] of units) {
      let left: number | undefined;
      handle = ({ timeoutMs }) => {
        left = timeoutMs();
      };
      expect((await raw.call(emptyCall, { fields: timeout(value) })).code, value).toBe(0);
      expect(left, value).toBeLessThan(setMs);
      expect(left, value).toBeGreaterThan(setMs - SLACK_MS);
    }
    // The longest that nanoseconds can say is 0.1 s, which a busy machine may take.
    handle = ({ timeoutMs }) => expect(timeoutMs()).toBeLessThan(100);
    const { code } = await raw.call(emptyCall, { fields: timeout("99999999n") });
    expect([grpc.status.OK, grpc.status.DEADLINE_EXCEEDED]).toContain(code);
    handle = ({ timeoutMs }) => expect(timeoutMs()).toBeUndefined();
    expect((await raw.call(emptyCall)).code).toBe(0);
  });

  test("runs while the call waits at the router", async () => {
    await start();
    const startedMs = performance.now();
    let left = Number.NaN;
    let waitedMs = Number.NaN;
    handle = ({ timeoutMs }) => {
      left = timeoutMs() ?? Number.NaN;
      waitedMs = performance.now() - startedMs;
    };
    const fields: Fields = [...timeout("10S"), ["x-grpc-router-wait-for-ready", "true"]];
    const waiting = raw.call(emptyCall, { fields });
    await raw.call("/grpc.health.v1.Health/Check"); // it waits at the router now
    await addInstance();
    expect((await waiting).code).toBe(0);
    expect(waitedMs).toBeGreaterThan(1);
    // The router's clock began a little after ours.
    expect(left).toBeLessThan(10_000);
    expect(left).toBeGreaterThan(10_000 - waitedMs - 1);
  });

  test("that has passed is told to the handler, too", async () => {
    await start();
    await addInstance();
    const reason = Promise.withResolvers<unknown>();
    handle = async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reason.resolve(signal.reason);
    };
    const answer = await raw.call(emptyCall, { fields: timeout("80m") });
    expect(answer).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED, isTrailersOnly: true });
    expect(ConnectError.from(await reason.promise).code).toBe(Code.DeadlineExceeded);
  });

  test.each(["0m", "0H"])("of %s ends the call before it goes anywhere", async (value) => {
    await start();
    await addInstance();
    const answer = await raw.call(emptyCall, { fields: timeout(value) });
    expect(answer).toMatchObject({
      code: grpc.status.DEADLINE_EXCEEDED,
      errorInfo: { metadata: { execution: "none" } },
    });
    expect(begun).toBe(0);
  });

  const malformed = ["", "5", "m", "123456789m", "-1m", "1.5S", "1x", "1mm", "1 m", "0x1m"];
  test("that is malformed is refused in words", async () => {
    await start();
    await addInstance();
    for (const value of malformed) {
      const answer = await raw.call(emptyCall, { fields: timeout(value) });
      expect(answer, JSON.stringify(value)).toMatchObject({
        code: grpc.status.INTERNAL,
        message: `Cannot read a message of ${emptyCall}: grpc-timeout must be 1 to 8 digits and one of H M S m u n (BAD_MESSAGE)`,
        errorInfo: { reason: "BAD_MESSAGE", metadata: { execution: "none" } },
      });
    }
    expect(begun).toBe(0);
  });

  test("of the service counts where it is the nearer one", async () => {
    await start({ router: { timeoutMs: 5_000 } });
    await addInstance();
    const left: (number | undefined)[] = [];
    handle = ({ timeoutMs }) => void left.push(timeoutMs());
    for (const fields of [[], timeout("1H"), timeout("2S")]) {
      expect((await raw.call(emptyCall, { fields })).code).toBe(0);
    }
    for (const [index, setMs] of [5_000, 5_000, 2_000].entries()) {
      expect(left[index]).toBeLessThan(setMs);
      expect(left[index]).toBeGreaterThan(setMs - SLACK_MS);
    }
  });
});

describe("an instance that stands still", () => {
  let stack: Stack;
  let raw: RawClient;

  beforeAll(async () => {
    stack = await startStack({ services: ["test", "faults"] });
    raw = createRawClient(stack.url);
  });
  afterAll(async () => {
    raw?.close();
    stack?.instances[0]?.kill("SIGCONT");
    await stack?.stop();
  });

  test("the router ends calls at their deadlines by itself, and goes on with it when it moves again", async () => {
    const client = createFaultClient(`${stack.host}:${stack.port}`);
    const streaming = client.watch(
      { name: "stream", holdOn: ["test-1"] },
      { options: { deadline: Date.now() + 1_000 } },
    );
    await streaming.next();
    stack.instances[0]?.kill("SIGSTOP");
    const startedMs = performance.now();
    const answer = await raw.call(unaryCall, { fields: timeout("150m") });
    const tookMs = performance.now() - startedMs;
    expect(answer).toMatchObject({
      code: grpc.status.DEADLINE_EXCEEDED,
      isTrailersOnly: true,
      message: `The deadline of ${unaryCall} passed before instance test-1 answered (CALL_DEADLINE)`,
      errorInfo: { reason: "CALL_DEADLINE", metadata: { execution: "unknown" } },
    });
    expect(tookMs).toBeGreaterThan(140);
    expect(tookMs).toBeLessThan(150 + SLACK_MS);
    expect(await streaming.outcome).toMatchObject({ code: grpc.status.DEADLINE_EXCEEDED });
    stack.instances[0]?.kill("SIGCONT");
    const after = await raw.call(unaryCall, { fields: timeout("5S") });
    expect(after.code).toBe(0);
    expect(valuesOf(after.trailers, "grpc-status")).toEqual(["0"]);
    client.close();
  });
});
