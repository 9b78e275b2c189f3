// SPDX-License-Identifier: Apache-2.0
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CallHeadSchema, WelcomeSchema } from "@grpc-router/protocol";
import { rawMessage } from "../raw-http2/raw-frame.js";
import { loadRefusalVectors } from "../refusal-vectors.js";
import type { SeededRandom } from "../seeded-random.js";
import { lingeringKey } from "./call-plan.js";
import { callFrame } from "./frames-out.js";

/** Something that a router must not do, and how the instance closes the channel then. */
export interface RouterTrick {
  readonly name: string;
  /** What its Welcome says in place of what is right; "none": it sends none. */
  readonly welcome: WelcomeInit | "none";
  /** With their gRPC prefixes. */
  readonly frames: readonly Uint8Array[];
  /** Reason of the instance's Close; empty: that depends. */
  readonly reason: string;
}

type WelcomeInit = Exclude<MessageInitShape<typeof WelcomeSchema>, { readonly $typeName: string }>;
type Head = MessageInitShape<typeof CallHeadSchema>;

/** Chat, by the number that the vectors have for it. */
const chat = 173_444;
const plain = { welcome: {}, frames: [], reason: "" } as const;
const floodFrames = 150;

/** A first call, whose user code reads nothing for a while. */
const start: Head = {
  callId: 1n,
  start: { method: chat, metadata: [{ name: "x-key", value: new TextEncoder().encode(String(lingeringKey)) }] },
};

const tricks: readonly RouterTrick[] = [
  { ...plain, name: "a welcome of a revision to come", welcome: { revision: 9 } },
  { ...plain, name: "a welcome with next to no credit", welcome: { initialCredit: 10 }, reason: "FRAME_MALFORMED" },
  { ...plain, name: "a call for a welcome", welcome: "none", frames: [frame(start)], reason: "CALL_STATE" },
  { ...plain, name: "no frame", frames: [rawMessage(Uint8Array.of(0xff, 1, 2))], reason: "FRAME_MALFORMED" },
  { ...plain, name: "nothing at all", welcome: "none" },
  flood("pings", { control: { kind: { case: "ping", value: {} } } }),
  // With no call open it leaves at the first of them.
  { ...flood("drains", { control: { kind: { case: "drain", value: { reason: "ROUTER_DRAINING" } } } }), reason: "" },
  { ...plain, name: "credit for a call to come", frames: [frame({ callId: 7n, credit: 1 })], reason: "CALL_UNKNOWN" },
  { ...plain, name: "a call of no method", frames: [frame({ callId: 1n, start: { method: 9_999 } })] },
];

/** What packages/protocol/vectors has, of what an instance reads. */
const vectors: readonly RouterTrick[] = loadRefusalVectors()
  .vectors.filter(({ direction }) => direction === "call")
  .map(({ name, frames, reason }) => ({ ...plain, name, frames: [frame(start), ...frames], reason }));

/** Draws a trick. */
export function drawRouterTrick(random: SeededRandom): RouterTrick {
  const group = random.integer(3) === 0 ? tricks : vectors;
  return group[random.integer(group.length)] ?? { ...plain, name: "nothing wrong" };
}

function flood(name: string, head: Head): RouterTrick {
  return { ...plain, name, frames: Array.from({ length: floodFrames }, () => frame(head)), reason: "CONTROL_FLOOD" };
}

function frame(head: Head): Uint8Array {
  return rawMessage(callFrame(head));
}
