// SPDX-License-Identifier: Apache-2.0
// docs/channel.md section 4, bridge side: one case per cell of the table, and the cells that must do nothing.
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { CallContext } from "../dispatch/call-context.js";
import { RequestQueue } from "../dispatch/request-queue.js";
import { createServedService } from "../dispatch/served-service.js";
import { echoBridge } from "../testing/echo-service.suite.js";
import { Call, CallPhase, type CallPort } from "./call.js";
import { type CallEnd, END_OK, encodeEnd } from "./call-end.js";
import { CancelMode, cancelCall, expireCall, failCall, finishCall, loseCall, settleCall } from "./call-life.js";

const service = createServedService(echoBridge, new Map([["chat", { code: () => undefined, interceptors: [] }]]));
const method = service.methods[0] ?? service.unknownMethod;
const bytes = Uint8Array.of(1);
const broken = encodeEnd({ code: Code.ResourceExhausted, message: "broken" });

/** Where a call can stand; begun calls may have settled, with the result still to be written. */
type Stand = "received" | "begun" | "settled" | "aborting" | "orphaned" | "ended";
const stands: readonly Stand[] = ["received", "begun", "settled", "aborting", "orphaned", "ended"];

interface Seen {
  readonly phase: number;
  /** Code of the End that waits to be written. */
  readonly end?: number;
  readonly notRun?: boolean;
  /** Code of the signal's reason; undefined: not aborted. */
  readonly aborted?: number;
  /** The response message still waits. */
  readonly message?: boolean;
}

function createCall(stand: Stand) {
  const told: string[] = [];
  const port = {
    ready: () => void told.push("ready"),
    orphanSettled: () => void told.push("orphanSettled"),
    buffered: (call: Call, size: number) => {
      call.bufferedBytes += size;
    },
  } as unknown as CallPort;
  const call = new Call(1, method, port, new Uint8Array(0), { request: 80, reply: 80 });
  call.queue = new RequestQueue({ decode: () => ({}) as never, taken: () => undefined, undecodable: () => undefined });
  call.queue.push(bytes, 65);
  call.bufferedBytes = 1;
  if (stand !== "received") {
    call.phase = CallPhase.begun;
    call.context = new CallContext(call);
    call.context.signal.throwIfAborted();
  }
  if (stand === "settled") settleCall(call, bytes, END_OK);
  if (stand === "aborting" || stand === "orphaned") cancelCall(call, CancelMode.abort);
  if (stand === "orphaned") loseCall(call);
  if (stand === "ended") finishCall(call);
  told.length = 0;
  return { call, told };
}

function see(call: Call): Seen {
  const reason: unknown = call.context?.signal.reason;
  return {
    phase: call.phase,
    ...(call.end && { end: call.end.code, notRun: call.end.bytes.at(-1) === 1 && call.end.bytes.at(-2) === 40 }),
    ...(reason instanceof ConnectError && { aborted: reason.code }),
    ...(call.message && { message: true }),
  };
}

const { received, begun, aborting, orphaned, ended } = CallPhase;
const unchanged = "unchanged";

/** What each event makes of each stand. */
const table: Record<string, { readonly act: (call: Call) => void } & Record<Stand, Seen | typeof unchanged>> = {
  "Cancel ABORT": {
    act: (call) => cancelCall(call, CancelMode.abort),
    received: { phase: ended, end: 1, notRun: true },
    begun: { phase: aborting, aborted: 1 },
    settled: { phase: ended, end: 1, notRun: false },
    aborting: unchanged,
    orphaned: unchanged,
    ended: unchanged,
  },
  "Cancel without a mode": {
    act: (call) => cancelCall(call, CancelMode.unspecified),
    received: { phase: ended, end: 1, notRun: true },
    begun: { phase: aborting, aborted: 1 },
    settled: { phase: ended, end: 1, notRun: false },
    aborting: unchanged,
    orphaned: unchanged,
    ended: unchanged,
  },
  "Cancel DEADLINE": {
    act: (call) => cancelCall(call, CancelMode.deadline),
    received: { phase: ended, end: 4, notRun: true },
    begun: { phase: aborting, aborted: 4 },
    settled: { phase: ended, end: 4, notRun: false },
    aborting: unchanged,
    orphaned: unchanged,
    ended: unchanged,
  },
  "own deadline": {
    act: expireCall,
    received: { phase: ended, end: 4, notRun: true },
    begun: { phase: aborting, aborted: 4 },
    settled: { phase: ended, end: 4, notRun: false },
    aborting: unchanged,
    orphaned: unchanged,
    ended: unchanged,
  },
  "Cancel REVOKE": {
    act: (call) => cancelCall(call, CancelMode.revoke),
    received: { phase: ended, end: 10, notRun: true },
    begun: unchanged,
    settled: unchanged,
    aborting: unchanged,
    orphaned: unchanged,
    ended: unchanged,
  },
  "the bridge ends it": {
    act: (call) => failCall(call, broken),
    received: { phase: ended, end: 8, notRun: false },
    begun: { phase: aborting, aborted: 8 },
    settled: { phase: ended, end: 8, notRun: false },
    aborting: unchanged,
    orphaned: unchanged,
    ended: unchanged,
  },
  "user code settles": {
    act: (call) => settleCall(call, bytes, END_OK),
    received: unchanged, // it has not begun
    begun: { phase: begun, end: 0, notRun: false, message: true },
    settled: unchanged,
    aborting: { phase: ended, end: 1, notRun: false, aborted: 1 },
    orphaned: { phase: ended, aborted: 1 },
    ended: unchanged,
  },
  "channel lost": {
    act: loseCall,
    received: { phase: ended },
    begun: { phase: orphaned, aborted: 1 },
    settled: { phase: ended },
    aborting: { phase: orphaned, aborted: 1 },
    orphaned: unchanged,
    ended: unchanged,
  },
};

describe("the bridge's side of a call", () => {
  const cells = Object.keys(table).flatMap((event) => stands.map((stand) => ({ event, stand })));
  it.each(cells)("$stand, $event", ({ event, stand }) => {
    const row = table[event];
    const { call, told } = createCall(stand);
    const before = see(call);
    if (row === undefined) throw new Error(`Cannot find ${event}`);
    row.act(call);
    const expected = row[stand];
    expect(see(call)).toEqual(expected === unchanged ? before : expected);
    const hasEnd = expected !== unchanged && expected.end !== undefined;
    const isOrphan = event === "user code settles" && stand === "orphaned";
    expect(told).toEqual(isOrphan ? ["orphanSettled"] : hasEnd ? ["ready"] : []);
  });

  it("starts where the table does", () => {
    expect(stands.map((stand) => createCall(stand).call.phase)).toEqual([
      received,
      begun,
      begun,
      aborting,
      orphaned,
      ended,
    ]);
  });

  it.each(stands.filter((stand) => stand !== "begun" && stand !== "settled" && stand !== "received"))(
    "keeps nothing of the request when %s",
    (stand) => {
      expect(createCall(stand).call.bufferedBytes).toBe(0);
    },
  );

  it.each<[string, Stand, (call: Call) => void, string]>([
    ["a cancelled call", "begun", (call) => cancelCall(call, CancelMode.abort), "the call was cancelled"],
    ["a call past its deadline", "begun", expireCall, "the deadline has passed"],
    ["a call that is over", "begun", finishCall, "the call is over"],
    ["a call that the bridge ended", "settled", (call) => failCall(call, broken), "the call is over"],
    ["a lost call", "begun", loseCall, "the call was cancelled"],
  ])("tells whoever reads requests of %s", async (_name, stand, act, text) => {
    const { call } = createCall(stand);
    act(call);
    await expect(call.queue?.next()).rejects.toThrow(text);
  });

  it("lets a request that was read to its end stay ended", async () => {
    const { call } = createCall("begun");
    await call.queue?.next();
    call.queue?.close();
    finishCall(call);
    expect(await call.queue?.next()).toEqual({ done: true, value: undefined });
  });

  it.each<[string, CallEnd]>([
    ["what aborted it", broken],
    ["what aborted it, whatever user code made of it", END_OK],
  ])("ends an aborted call with %s", (_name, end) => {
    const { call } = createCall("begun");
    failCall(call, broken);
    settleCall(call, bytes, end);
    expect(call.end).toBe(broken);
  });
});
