// SPDX-License-Identifier: Apache-2.0

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { ConnectionInfo } from "@grpc-router/runtime";
import { describe, expect, it, vi } from "vitest";
import { TraceFramesRequestSchema } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { MAX_TRACES, READER_QUEUE_EVENTS } from "../limits.js";
import { createFrameTraces } from "./frame-traces.js";

const info = (id: number, address: string, ...instances: string[]): ConnectionInfo => ({
  ...{ id, address, role: "instance", instances, ageMs: 5, openStreams: 1, receivedBytes: 2, sentBytes: 3 },
});

/** Connections whose lines a test writes. */
function createBench() {
  const lines = new Map<number, (line: string) => void>();
  const state = { isOver: false };
  const list = () => [info(1, "a:1", "i1"), info(2, "a:2", "i2"), info(3, "a:3", "i2")];
  const traces = createFrameTraces({
    connections: {
      list,
      trace: (id, line) => {
        lines.set(id, line);
        return {
          get isOver() {
            return state.isOver;
          },
          stop: () => void lines.delete(id),
        };
      },
    },
  });
  const stop = new AbortController();
  const open = (request: MessageInitShape<typeof TraceFramesRequestSchema>) =>
    traces.open(create(TraceFramesRequestSchema, request), stop.signal);
  return { lines, state, stop, open };
}

const first = { connection: { case: "id", value: 1n } } as const;

describe("createFrameTraces()", () => {
  it("tells which connection it is, then its lines, then that it has ended", async () => {
    const { lines, state, open } = createBench();
    const responses = open({ connection: { case: "instance", value: "i1" } });
    expect((await responses.next()).value).toMatchObject({ connection: { id: 1n, instances: ["i1"] }, lines: [] });
    lines.get(1)?.("a");
    lines.get(1)?.("b");
    expect((await responses.next()).value).toMatchObject({ lines: ["a", "b"], lost: 0n, ended: false });
    lines.get(1)?.("c");
    state.isOver = true;
    expect((await responses.next()).value).toMatchObject({ lines: ["c"], ended: true });
    expect((await responses.next()).done).toBe(true);
    expect(lines.size).toBe(0);
  });

  it("drops the oldest of what is not read, and says how much", async () => {
    const { lines, open } = createBench();
    const responses = open(first);
    await responses.next();
    for (let line = 0; line < READER_QUEUE_EVENTS + 3; line++) lines.get(1)?.(`${line}`);
    const { value } = await responses.next();
    expect(value).toMatchObject({ lost: 3n });
    expect(value?.lines[0]).toBe("3");
    await responses.return(undefined);
    expect(lines.size).toBe(0);
  });

  it("ends with its time, and at once when its reader goes", async () => {
    const { lines, stop, open } = createBench();
    const short = open({ ...first, duration: { nanos: 2_000_000 } });
    await short.next();
    expect((await short.next()).done).toBe(true);
    const long = open(first);
    await long.next();
    stop.abort();
    expect(lines.size).toBe(0);
    expect((await long.next()).done).toBe(true);
  });

  it("looks on no longer than that if its reader does not read", async () => {
    const { lines, open } = createBench();
    await open({ ...first, duration: { nanos: 2_000_000 } }).next();
    await vi.waitFor(() => expect(lines.size).toBe(0));
  });

  it("takes so many at once", async () => {
    const { open } = createBench();
    for (let count = 0; count < MAX_TRACES; count++) await open(first).next();
    expect(await open(first).next().catch(ConnectError.from)).toMatchObject({ code: Code.FailedPrecondition });
  });

  it.each<[string, MessageInitShape<typeof TraceFramesRequestSchema>, Code, string]>([
    ["nothing", {}, Code.InvalidArgument, "give a connection, an instance or a peer"],
    ["an unknown id", { connection: { case: "id", value: 9n } }, Code.NotFound, "the connection 9"],
    ["an unknown peer", { connection: { case: "peerAddress", value: "b:1" } }, Code.NotFound, "the peer b:1"],
    [
      "several",
      { connection: { case: "instance", value: "i2" } },
      Code.InvalidArgument,
      "Give the number of one: 2, 3",
    ],
    ["no time", { ...first, duration: {} }, Code.InvalidArgument, "received 0 ms"],
  ])("refuses %s", async (_, request, code, text) => {
    const error = await createBench().open(request).next().catch(ConnectError.from);
    expect(error).toMatchObject({ code, rawMessage: expect.stringContaining(text) });
  });
});
