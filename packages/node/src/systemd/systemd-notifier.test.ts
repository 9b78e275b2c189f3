// SPDX-License-Identifier: Apache-2.0

import { createRecordingLogger } from "@grpc-router/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSystemdNotifier } from "./systemd-notifier.js";

const NOTIFY_SOCKET = "/run/systemd/notify";

/** A notifier whose messages a test reads; each waits until the test has let it go. */
function create(env: Record<string, string>, fail?: () => Error | undefined) {
  const sent: string[][] = [];
  const held: (() => void)[] = [];
  const logger = createRecordingLogger();
  const send = (message: readonly string[]): Promise<void> => {
    sent.push(message.map((line) => line.replace(/^(MONOTONIC_USEC)=\d+$/, "$1=N")));
    return new Promise((resolve, reject) => {
      held.push(() => {
        const error = fail?.();
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  };
  const release = async (): Promise<void> => {
    for (let go = held.shift(); go !== undefined; go = held.shift()) {
      go();
      await vi.advanceTimersByTimeAsync(0);
    }
  };
  return { notifier: createSystemdNotifier({ logger, env, send }), sent, logger, release };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

describe("createSystemdNotifier()", () => {
  it("says what happens in its order, one message at a time", async () => {
    const { notifier, sent, release } = create({ NOTIFY_SOCKET });
    notifier.ready("Routing on\nhttp://x");
    notifier.reloading();
    notifier.ready("again");
    notifier.stopping("Stopping");
    expect(sent).toHaveLength(1);
    await release();
    expect(sent).toEqual([
      ["READY=1", `MAINPID=${process.pid}`, "STATUS=Routing on http://x"],
      ["RELOADING=1", "MONOTONIC_USEC=N"],
      ["READY=1", `MAINPID=${process.pid}`, "STATUS=again"],
      ["STOPPING=1", "STATUS=Stopping"],
    ]);
    await notifier.close();
  });

  it("says of several statuses that wait the last one only", async () => {
    const { notifier, sent, release } = create({ NOTIFY_SOCKET });
    for (const status of ["first", "second", "third"]) notifier.status(status);
    await release();
    expect(sent).toEqual([["STATUS=first"], ["STATUS=third"]]);
  });

  it.each([
    ["without a socket", {}],
    ["with an empty one", { NOTIFY_SOCKET: "" }],
  ])("says nothing %s", async (_, env) => {
    const { notifier, sent } = create({ ...env, WATCHDOG_USEC: "1000" });
    notifier.ready("x");
    notifier.reloading();
    notifier.status("x");
    notifier.stopping("x");
    await vi.advanceTimersByTimeAsync(10);
    await notifier.close();
    expect(sent).toEqual([]);
  });

  it.each([
    ["gives a sign of life twice in the watchdog's time", { WATCHDOG_USEC: "20000000" }, 3],
    ["of its own process", { WATCHDOG_USEC: "20000000", WATCHDOG_PID: `${process.pid}` }, 3],
    ["but not of another", { WATCHDOG_USEC: "20000000", WATCHDOG_PID: "1" }, 0],
    ["nor without a time", { WATCHDOG_USEC: "0" }, 0],
    ["nor with one that is none", { WATCHDOG_USEC: "soon" }, 0],
  ])("%s", async (_, env, count) => {
    const { notifier, sent, release } = create({ NOTIFY_SOCKET, ...env });
    for (let turn = 0; turn < 3; turn++) {
      await vi.advanceTimersByTimeAsync(10_000);
      await release();
    }
    expect(sent).toEqual(Array.from({ length: count }, () => ["WATCHDOG=1"]));
    await notifier.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(count);
  });

  it("gives up, with a word in the log, where there is no systemd-notify", async () => {
    const missing = Object.assign(new Error("spawn systemd-notify ENOENT"), { code: "ENOENT" });
    const { notifier, sent, logger, release } = create({ NOTIFY_SOCKET, WATCHDOG_USEC: "2000" }, () => missing);
    notifier.ready("x");
    notifier.status("y");
    await release();
    notifier.stopping("z");
    await vi.advanceTimersByTimeAsync(100);
    expect(sent).toHaveLength(1);
    expect(logger.entries).toMatchObject([
      {
        level: "warn",
        event: "notify_failed",
        message: "Cannot tell the service manager READY: the program systemd-notify must be on PATH, it is not",
      },
    ]);
  });

  it("goes on after a message that did not get through", async () => {
    const faults = [new Error("Failed to notify init system: No such file or directory")];
    const { notifier, sent, logger, release } = create({ NOTIFY_SOCKET }, () => faults.shift());
    notifier.ready("x");
    notifier.stopping("y");
    await release();
    expect(sent).toHaveLength(2);
    expect(logger.entries.map(({ message }) => message)).toEqual([
      "Cannot tell the service manager READY: Failed to notify init system: No such file or directory",
    ]);
  });
});
