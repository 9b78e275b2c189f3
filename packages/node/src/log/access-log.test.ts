// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FollowedEnd, WatchedCall } from "@grpc-router/runtime";
import { createRecordingLogger } from "@grpc-router/testing";
import { afterAll, describe, expect, it } from "vitest";
import { collectProcessMetrics } from "../metrics/collect-process-metrics.js";
import { EventLoopDelay } from "../metrics/event-loop-delay.js";
import { type AccessLog, type AccessLogOptions, accessLogFields, createAccessLog } from "./access-log.js";

const folder = mkdtempSync(join(tmpdir(), "access-log-"));
afterAll(() => rmSync(folder, { recursive: true }));

const openedMs = Date.UTC(2026, 0, 2, 3, 4, 5) - performance.timeOrigin;

function callWith(metadata: Readonly<Record<string, string>> = {}, identities: readonly string[] = []): WatchedCall {
  return {
    path: "/acme.user.v1.UserService/GetUser",
    service: "acme.user.v1.UserService",
    method: "GetUser",
    peerAddress: "192.0.2.7:5000",
    identities,
    openedMs,
    previousAttempts: 0,
    metadata: (name) => metadata[name],
    hasTraceContext: false,
    metadataBytes: () => undefined,
    allMetadata: () => Object.entries(metadata),
  };
}

const end = (more: Partial<FollowedEnd> = {}): FollowedEnd => ({
  code: 0,
  reason: undefined,
  nowMs: openedMs + 12.3456,
  instance: "users-1",
  attempts: 1,
  requestBytes: 5,
  replyBytes: 6,
  ...more,
});

let files = 0;
function createLog(options: Partial<AccessLogOptions> = {}): { readonly path: string; readonly log: AccessLog } {
  const path = join(folder, `${++files}.log`);
  return { path, log: createAccessLog({ path, ...options }) };
}

describe("createAccessLog()", () => {
  it("writes an object for each call that ends", async () => {
    const { path, log } = createLog({ metadata: ["user-agent"] });
    log.watch(callWith({ "user-agent": 'x"\n{' }))?.ended?.(end());
    log.watch(callWith())?.ended?.(end({ code: 14, reason: "NO_INSTANCE", instance: undefined, attempts: 0 }));
    await log.close();
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        time: "2026-01-02T03:04:05.012Z",
        method: "acme.user.v1.UserService/GetUser",
        status: "OK",
        durationMs: 12.346,
        peer: "192.0.2.7:5000",
        instance: "users-1",
        attempts: 1,
        requestBytes: 5,
        replyBytes: 6,
        "user-agent": 'x"\n{',
      },
      expect.objectContaining({ status: "UNAVAILABLE", reason: "NO_INSTANCE", attempts: 0 }),
    ]);
  });

  it.each([
    [["shop.acme", "spiffe://acme/shop"], "spiffe://acme/shop"],
    [["shop.acme", "other.acme"], "shop.acme"],
    [[], undefined],
  ])("says who has called by the certificate's names %j: %s", async (names, identity) => {
    const { path, log } = createLog({ fields: ["identity"] });
    log.watch(callWith({}, names))?.ended?.(end());
    await log.close();
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(identity === undefined ? {} : { identity });
  });

  it("writes words for people, and no more fields than asked for", async () => {
    const { path, log } = createLog({ format: "text", metadata: ["note"] });
    const { path: shortPath, log: short } = createLog({ format: "text", fields: ["status", "instance"] });
    for (const one of [log, short]) one.watch(callWith({ note: "a b\n" }))?.ended?.(end());
    await Promise.all([log.close(), short.close()]);
    expect(readFileSync(path, "utf8")).toBe(
      '2026-01-02T03:04:05.012Z acme.user.v1.UserService/GetUser OK 12.346ms peer=192.0.2.7:5000 instance=users-1 attempts=1 requestBytes=5 replyBytes=6 note="a b\\n"\n',
    );
    expect(readFileSync(shortPath, "utf8")).toBe("OK instance=users-1\n");
  });

  it("writes a share of the calls that end well, and all others", async () => {
    const { path, log } = createLog({ ratio: 0, fields: ["status"] });
    for (const code of [0, 5, 0, 13]) log.watch(callWith())?.ended?.(end({ code }));
    await log.close();
    expect(readFileSync(path, "utf8")).toBe('{"status":"NOT_FOUND"}\n{"status":"INTERNAL"}\n');
  });

  it("goes on in a new file when the old one is moved away", async () => {
    const { path, log } = createLog({ fields: ["status"] });
    log.watch(callWith())?.ended?.(end());
    // SonicBoom writes once its file is open.
    await expect.poll(() => existsSync(path)).toBe(true);
    renameSync(path, `${path}.1`);
    log.reopen();
    await expect.poll(() => existsSync(path)).toBe(true);
    log.watch(callWith())?.ended?.(end({ code: 5 }));
    await log.close();
    expect(readFileSync(path, "utf8")).toContain("NOT_FOUND");
  });

  it("goes on where it is when there is no file to go on in", async () => {
    const logger = createRecordingLogger();
    const inner = join(folder, "inner");
    mkdirSync(inner);
    const path = join(inner, "a.log");
    const { log } = createLog({ path, fields: ["status"], logger });
    log.watch(callWith())?.ended?.(end());
    await expect.poll(() => readFileSync(path, "utf8")).toBe('{"status":"OK"}\n');
    renameSync(inner, `${inner}.moved`);
    log.reopen();
    log.reopen();
    expect(logger.of("access_log_failed")[0]?.message).toContain("Cannot write the access log: ENOENT");
    log.watch(callWith())?.ended?.(end({ code: 5 }));
    await log.close();
    expect(readFileSync(join(`${inner}.moved`, "a.log"), "utf8")).toBe('{"status":"OK"}\n{"status":"NOT_FOUND"}\n');
  });

  it("opens standard output no second time", async () => {
    const logger = createRecordingLogger();
    const { log } = createLog({ path: "-", logger });
    log.reopen();
    await log.close();
    expect(logger.entries).toEqual([]);
  });

  it("writes paths that lead nowhere as text that cannot be taken for anything else", async () => {
    const { path, log } = createLog({ format: "text", fields: ["method", "status"] });
    log.watch({ ...callWith(), path: "/a OK\n9", service: "", method: "" })?.ended?.(end({ code: 12 }));
    await log.close();
    expect(readFileSync(path, "utf8")).toBe('"a OK\\n9" UNIMPLEMENTED\n');
  });

  it("escapes what a terminal would obey, which paths may hold", async () => {
    const { path, log } = createLog({ format: "text", fields: ["method"], metadata: ["note"] });
    const call = { ...callWith({ note: "\u007f\u2028" }), path: "/a\u009b2J\u0085b", service: "", method: "" };
    log.watch(call)?.ended?.(end({ code: 12 }));
    await log.close();
    expect(readFileSync(path, "utf8")).toBe('"a\\u009b2J\\u0085b" note="\\u007f\\u2028"\n');
  });

  it.each([
    ["*", "*"],
    ["index.php", "index.php"],
    ["//a/b", "/a/b"],
  ])("says of the path %j that it leads nowhere as %j", async (sent, shown) => {
    const { path, log } = createLog({ fields: ["method"] });
    log.watch({ ...callWith(), path: sent, service: "", method: "" })?.ended?.(end({ code: 12 }));
    await log.close();
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ method: shown });
  });

  it("drops and counts what a disk does not take", async () => {
    const { log } = createLog({ path: "/dev/full", logger: createRecordingLogger() });
    const followers = Array.from({ length: 40_000 }, () => log.watch(callWith({})));
    for (const follower of followers) follower?.ended?.(end());
    expect(log.droppedLines).toBeGreaterThan(0);
    const dropped = collectProcessMetrics(new EventLoopDelay()).find(({ definition }) =>
      /access_log/.test(definition.name),
    );
    expect(dropped?.points).toEqual([{ labels: [], value: log.droppedLines }]);
  });

  it("says that the disk takes nothing", async () => {
    const logger = createRecordingLogger();
    const { log } = createLog({ path: "/dev/full", logger });
    log.watch(callWith())?.ended?.(end());
    await expect.poll(() => logger.of("access_log_failed").length, { timeout: 5_000 }).toBeGreaterThan(0);
    expect(logger.of("access_log_failed")[0]?.message).toContain("Cannot write the access log: ENOSPC");
    await log.close(); // and it ends
  });

  it("refuses a file that cannot be", () => {
    expect(() => createLog({ path: join(folder, "none", "x.log") })).toThrow(/must be one that can be written: ENOENT/);
  });

  it.each([
    [{ ratio: 1.5 }, "the share of calls must be 0 to 1, received 1.5"],
    [{ fields: ["status", "color"] as never }, `a field must be one of ${accessLogFields.join(", ")}, received color`],
    [{ metadata: ["x-a", "Authorization"] }, "metadata must be no secret, received Authorization"],
    [{ metadata: ["trace-bin"] }, "metadata must be no secret, received trace-bin"],
    [{ metadata: ["reason"] }, "metadata must not be called like a field, received reason"],
    [{ metadata: ["X-A"] }, "names of metadata must be of 0-9 a-z _ - ., received X-A"],
  ])("refuses %j", (options, rule) => {
    expect(() => createLog(options)).toThrow(rule);
  });
});
