// SPDX-License-Identifier: Apache-2.0

import type { Session } from "node:inspector/promises";
import type { Readable } from "node:stream";
import { getHeapSnapshot } from "node:v8";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  ProfileKind,
  type TakeProfileRequest,
  type TakeProfileResponse,
  TakeProfileResponseSchema,
} from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { MAX_PROFILE_MS, PROFILE_PIECE_BYTES, PROFILE_PROGRESS_MS } from "../limits.js";
import { durationOf, msOf } from "./durations.js";
import { pause } from "./pause.js";

/** Profiles of this process. */
export interface Profiles {
  /** The messages of one, to its end or until `signal`. Throws ConnectError for one that cannot be, or not now. */
  take(request: TakeProfileRequest, signal: AbortSignal): AsyncGenerator<TakeProfileResponse>;
}

/** Where profiles come from, for tests. */
export interface ProfileSources {
  /** Default: that of this process. */
  readonly heapSnapshot?: () => Readable;
}

/** Milliseconds of a CPU profile unless said otherwise. */
const USUAL_MS = 10_000;

/** Profiles, one at a time: two would show each other, and two snapshots need twice the memory. */
export function createProfiles({ heapSnapshot = getHeapSnapshot }: ProfileSources = {}): Profiles {
  let isTaken = false;
  return {
    take: async function* ({ kind, duration }, signal) {
      const durationMs = msOf(duration) ?? USUAL_MS;
      validateRequest(kind, durationMs);
      if (isTaken) {
        throw new ConnectError(
          "Cannot take a profile: another one is being taken. Wait until it has ended",
          Code.FailedPrecondition,
        );
      }
      isTaken = true;
      try {
        if (kind === ProfileKind.CPU) yield* profileCpu(durationMs, signal);
        else yield* snapshotHeap(heapSnapshot, signal);
      } finally {
        isTaken = false;
      }
    },
  };
}

function validateRequest(kind: ProfileKind, durationMs: number): void {
  if (kind !== ProfileKind.CPU && kind !== ProfileKind.HEAP) {
    throw new ConnectError("Cannot take a profile: its kind must be CPU or HEAP", Code.InvalidArgument);
  }
  if (durationMs >= 1 && durationMs <= MAX_PROFILE_MS) return;
  throw new ConnectError(
    `Cannot take a profile: it must last 1 ms to ${MAX_PROFILE_MS / 60_000} min, received ${durationMs} ms`,
    Code.InvalidArgument,
  );
}

async function* profileCpu(durationMs: number, signal: AbortSignal): AsyncGenerator<TakeProfileResponse> {
  const session = await openSession();
  try {
    await session.post("Profiler.enable");
    const startMs = performance.now();
    await session.post("Profiler.start");
    // Whether or not somebody reads meanwhile: samples fill the memory as long as it goes on.
    const taken = pause(durationMs, signal).then(() => session.post("Profiler.stop"));
    taken.catch(() => {}); // thrown below, to who still reads
    yield messageOf(startMs);
    for (;;) {
      const leftMs = durationMs - (performance.now() - startMs);
      if (signal.aborted) return;
      if (leftMs <= 0) break;
      await pause(Math.min(leftMs, PROFILE_PROGRESS_MS), signal);
      yield messageOf(startMs);
    }
    const { profile } = await taken;
    const bytes = Buffer.from(JSON.stringify(profile));
    for (let at = 0; at < bytes.length && !signal.aborted; at += PROFILE_PIECE_BYTES) {
      yield messageOf(startMs, bytes.subarray(at, at + PROFILE_PIECE_BYTES));
    }
  } finally {
    // Ends the profiler, too, if it still runs.
    session.disconnect();
  }
}

/** Loaded here only: Node may have been built without it. */
async function openSession(): Promise<Session> {
  try {
    const { Session } = await import("node:inspector/promises");
    const session = new Session();
    session.connect();
    return session;
  } catch (error) {
    throw new ConnectError(
      "Cannot take a CPU profile: this Node.js has no inspector. Use the usual build",
      Code.FailedPrecondition,
      undefined,
      undefined,
      error,
    );
  }
}

async function* snapshotHeap(heapSnapshot: () => Readable, signal: AbortSignal): AsyncGenerator<TakeProfileResponse> {
  const startMs = performance.now();
  // The stand-still is announced before it happens.
  yield messageOf(startMs);
  if (signal.aborted) return;
  let pieces: Buffer[] = [];
  let length = 0;
  // Leaving the loop destroys the stream, and with it the snapshot.
  for await (const piece of heapSnapshot() as AsyncIterable<Buffer>) {
    if (signal.aborted) return;
    length += piece.length;
    pieces.push(piece);
    if (length < PROFILE_PIECE_BYTES) continue;
    yield messageOf(startMs, Buffer.concat(pieces));
    pieces = [];
    length = 0;
  }
  yield messageOf(startMs, Buffer.concat(pieces));
}

function messageOf(startMs: number, data?: Uint8Array): TakeProfileResponse {
  const elapsed = durationOf(performance.now() - startMs);
  return create(TakeProfileResponseSchema, data === undefined ? { elapsed } : { elapsed, data });
}
