// SPDX-License-Identifier: Apache-2.0

import { createSystemdNotifier } from "@grpc-router/node";
import { createRecordingLogger } from "@grpc-router/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StatusLine } from "./status-line.js";
import { stopInOrder } from "./stop-in-order.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A stop whose calls a test ends; `cut` ends the drain. */
function begin(terminal: boolean) {
  const { promise, resolve: cut } = Promise.withResolvers<number>();
  const logger = createRecordingLogger();
  const told: string[] = [];
  const env = { NOTIFY_SOCKET: "/x" };
  const send = async (message: readonly string[]): Promise<void> => void told.push(message.join(" "));
  const notifier = createSystemdNotifier({ logger, env, send });
  let shown = "";
  const line = terminal ? new StatusLine((text) => (shown += text)) : undefined;
  const calls = new Map([["/s/Get", 2]]);
  const work = () => ({ calls, registrations: 1 });
  const stopped = stopInOrder({ work, drain: () => promise, graceMs: 10_000, logger, notifier, line });
  return { stopped, cut, calls, told, logged: () => logger.entries.map(({ message }) => message), shown: () => shown };
}

describe("stopInOrder()", () => {
  it("says in the log what is in flight, at once and every 5 s", async () => {
    const { stopped, cut, calls, told, logged } = begin(false);
    expect(logged()).toEqual(["Stopping: 2 calls (2 /s/Get), 1 registration, 10 s left"]);
    calls.set("/s/Get", 1);
    await vi.advanceTimersByTimeAsync(5_500);
    cut(0);
    await stopped;
    expect(logged().slice(1)).toEqual(["Stopping: 1 call (1 /s/Get), 1 registration, 5 s left"]);
    expect(told).toEqual([
      "STOPPING=1 STATUS=Stopping: 2 calls (2 /s/Get), 1 registration, 10 s left",
      "STATUS=Stopping: 2 calls (2 /s/Get), 1 registration, 10 s left",
      "STATUS=Stopping: 1 call (1 /s/Get), 1 registration, 5 s left",
    ]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(logged()).toHaveLength(2);
  });

  it("shows it on a terminal every second, and cleans up", async () => {
    const { stopped, cut, logged, shown } = begin(true);
    await vi.advanceTimersByTimeAsync(2_000);
    cut(0);
    await stopped;
    const lines = shown().split("\r\u001b[K");
    expect(lines).toEqual([
      ...[10, 9, 8].map((left) => `Stopping: 2 calls (2 /s/Get), 1 registration, ${left} s left; again to end at once`),
      "",
    ]);
    expect(logged()).toEqual([]);
  });

  it("fails with its own exit code when calls were cut", async () => {
    const { stopped, cut } = begin(false);
    cut(2);
    const message = "Stopped, but 2 calls had not ended within 10 s and got UNAVAILABLE. Give them longer with --grace";
    await expect(stopped).rejects.toMatchObject({ code: 3, message });
  });
});
