// SPDX-License-Identifier: Apache-2.0

import { Readable } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import {
  ProfileKind,
  TakeProfileRequestSchema,
  type TakeProfileResponse,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { MAX_PROFILE_MS, PROFILE_PIECE_BYTES } from "../limits.js";
import { durationOf } from "./durations.js";
import { pause } from "./pause.js";
import { createProfiles } from "./profiles.js";

const never = new AbortController().signal;
const cpu = (ms: number) => create(TakeProfileRequestSchema, { kind: ProfileKind.CPU, duration: durationOf(ms) });
const heap = create(TakeProfileRequestSchema, { kind: ProfileKind.HEAP });

async function fileOf(responses: AsyncIterable<TakeProfileResponse>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const { data } of responses) {
    expect(data.length).toBeLessThanOrEqual(PROFILE_PIECE_BYTES + 65_536);
    pieces.push(data);
  }
  return Buffer.concat(pieces);
}

describe("createProfiles()", () => {
  it("takes a CPU profile of this process", async () => {
    const profile = JSON.parse((await fileOf(createProfiles().take(cpu(20), never))).toString());
    expect(profile.endTime - profile.startTime).toBeGreaterThan(15_000);
    expect(profile.nodes[0].callFrame.functionName).toBe("(root)");
  });

  it("looks no longer than it was told if its reader does not read meanwhile", async () => {
    const responses = createProfiles().take(cpu(20), never);
    await responses.next();
    await pause(500, never);
    const profile = JSON.parse((await fileOf(responses)).toString());
    expect(profile.endTime - profile.startTime).toBeLessThan(400_000);
  });

  it("takes a heap snapshot as it comes, in messages of a size", async () => {
    const text = "x".repeat(65_536);
    const profiles = createProfiles({
      heapSnapshot: () => Readable.from([text, text, text, text, text].map(Buffer.from)),
    });
    expect((await fileOf(profiles.take(heap, never))).length).toBe(5 * text.length);
  });

  it("lets go of a snapshot that nobody takes any more", async () => {
    const snapshot = new Readable({ read() {} });
    const stop = new AbortController();
    const messages = createProfiles({ heapSnapshot: () => snapshot }).take(heap, stop.signal);
    await messages.next();
    snapshot.push(Buffer.alloc(PROFILE_PIECE_BYTES));
    expect((await messages.next()).value?.data).toHaveLength(PROFILE_PIECE_BYTES);
    stop.abort();
    snapshot.push(Buffer.alloc(1));
    expect((await messages.next()).done).toBe(true);
    await vi.waitFor(() => expect(snapshot.destroyed).toBe(true));
  });

  it("takes one at a time, and the next when its watcher has gone", async () => {
    const profiles = createProfiles();
    const stop = new AbortController();
    const first = profiles.take(cpu(MAX_PROFILE_MS), stop.signal);
    await first.next();
    const refused = await profiles.take(cpu(20), never).next().catch(ConnectError.from);
    expect(refused).toMatchObject({
      code: Code.FailedPrecondition,
      rawMessage: expect.stringContaining("another one"),
    });
    stop.abort();
    expect((await first.next()).done).toBe(true);
    expect((await profiles.take(cpu(1), never).next()).done).toBe(false);
  });

  it.each([
    ["no kind", create(TakeProfileRequestSchema), "its kind must be CPU or HEAP"],
    ["no time", cpu(0), "it must last 1 ms to 10 min, received 0 ms"],
    ["too long a time", cpu(MAX_PROFILE_MS + 1), "received 600001 ms"],
  ])("refuses %s", async (_, request, text) => {
    const error = await createProfiles().take(request, never).next().catch(ConnectError.from);
    expect(error).toMatchObject({ code: Code.InvalidArgument, rawMessage: expect.stringContaining(text) });
  });
});
