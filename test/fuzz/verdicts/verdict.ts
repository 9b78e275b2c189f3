// SPDX-License-Identifier: Apache-2.0
import { type RawFrame, RawType } from "@grpc-router/testing";

/** What an implementation makes of a frame. */
export type VerdictClass = "accepted" | "stream error" | "connection error";

/** What it makes of a frame, by the frames that it answers with. */
export interface Verdict {
  readonly class: VerdictClass;
  /** Error codes of RST_STREAM or GOAWAY, for people. */
  readonly codes: readonly number[];
}

/** A server at the other end, frame by frame. */
export interface Judge {
  /** Sends one frame and tells what came of it. After a connection error nothing more is asked. */
  judge(frame: Uint8Array, isWithinBlock: boolean): Promise<Verdict>;
  close(): void;
}

const enhanceYourCalm = 11;

/** The verdict in what a server has sent since the last one; `isOver`: and then it closed the connection. */
export function verdictOf(frames: readonly RawFrame[], isOver: boolean): Verdict {
  const goaways = frames.filter(({ type }) => type === RawType.goaway).map(({ payload }) => codeAt(payload, 4));
  const errors = goaways.filter((code) => code !== 0);
  if (errors.length > 0 || isOver) return { class: "connection error", codes: errors };
  const resets = frames.filter(({ type }) => type === RawType.rstStream).map(({ payload }) => codeAt(payload, 0));
  if (resets.length > 0) return { class: "stream error", codes: resets };
  // 431, by which our server refuses a head that is too large, is a refusal of the stream.
  return { class: "accepted", codes: [] };
}

/** Whether a limit spoke, and not the protocol: limits are each implementation's own. */
export function isLimit({ codes }: Verdict): boolean {
  return codes.includes(enhanceYourCalm);
}

function codeAt(payload: Uint8Array, at: number): number {
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(at);
}
