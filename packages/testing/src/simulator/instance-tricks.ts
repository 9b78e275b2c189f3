// SPDX-License-Identifier: Apache-2.0
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type HelloSchema, Method_Kind, type ReplyHeadSchema } from "@grpc-router/protocol";
import { rawMessage } from "../raw-http2/raw-frame.js";
import { loadRefusalVectors } from "../refusal-vectors.js";
import type { SeededRandom } from "../seeded-random.js";
import { replyFrame } from "./frames-out.js";

/** Something that an instance must not do, and what it is told then. */
export interface InstanceTrick {
  readonly name: string;
  /** What its hello says in place of what is right; "none": it sends no hello. */
  readonly hello: HelloInit | "none";
  /** It must have its first call before. */
  readonly needsCall: boolean;
  /** With their gRPC prefixes. */
  readonly frames: readonly Uint8Array[];
  readonly halfCloses: boolean;
  /** Why its channel ends; empty: that depends. */
  readonly reason: string;
}

/** What may stand in a hello. */
type HelloInit = Exclude<MessageInitShape<typeof HelloSchema>, { readonly $typeName: string }>;
type Head = MessageInitShape<typeof ReplyHeadSchema>;

/** The one method that a hostile instance serves, under the number that the vectors have for it. */
export const trickMethod = { name: "Chat", number: 173_444, typed: true, kind: Method_Kind.BIDI_STREAMING };

const plain = { hello: {}, needsCall: false, frames: [], halfCloses: false, reason: "" } as const;
/** More than any limit of frames that say nothing. */
const floodFrames = 150;

/** Hellos that are wrong. */
const lies: readonly InstanceTrick[] = [
  lie("a number twice", { methods: [trickMethod, { ...trickMethod, name: "Get", kind: 1 }] }),
  lie("a name twice", { methods: [trickMethod, { ...trickMethod, number: 9 }] }),
  lie("a number of protobuf's own", { methods: [{ ...trickMethod, number: 19_500 }] }),
  lie("no method", { methods: [] }),
  lie("a method that nobody has", { methods: [{ ...trickMethod, name: "Nope" }] }, "SCHEMA_INCOMPATIBLE"),
  lie("a method of another kind", { methods: [{ ...trickMethod, kind: 1 }] }, "SCHEMA_INCOMPATIBLE"),
  lie("another service", { service: "sim.v1.OtherService" }),
  lie("a revision to come", { revisionMin: 2, revisionMax: 9 }, "REVISION_UNSUPPORTED"),
  lie("next to no credit", { initialCredit: 10 }),
  lie("an endless id", { instanceId: "a".repeat(200) }),
  lie("a short key", { processKey: new Uint8Array(3) }),
  lie("a label too many", {
    traits: { labels: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`l${at}`, ""])) },
  }),
];

/** What comes in place of a hello. */
const beginnings: readonly InstanceTrick[] = [
  {
    ...plain,
    name: "a ping for a hello",
    hello: "none",
    frames: [frame({ control: ping() })],
    reason: "HELLO_INVALID",
  },
  {
    ...plain,
    name: "no frame",
    hello: "none",
    frames: [rawMessage(Uint8Array.of(0xff, 1, 2))],
    reason: "FRAME_MALFORMED",
  },
  {
    ...plain,
    name: "a hello of 4 GiB",
    hello: "none",
    frames: [Uint8Array.of(0, 255, 255, 255, 255)],
    reason: "FRAME_TOO_LARGE",
  },
  { ...plain, name: "no hello", hello: "none", reason: "HELLO_TIMEOUT" },
  { ...plain, name: "an end for a hello", hello: "none", halfCloses: true, reason: "FRAME_MALFORMED" },
];

/** Frames of which each alone is fine. */
const floods: readonly InstanceTrick[] = [
  flood("pings", { control: ping() }),
  flood("loads", { control: { kind: { case: "load", value: { rps: 1 } } } }),
  flood("capacities", { control: { kind: { case: "capacity", value: { calls: 1 } } } }),
  flood("frames with nothing", {}),
  { ...flood("credit in drips", { callId: 1n, credit: 1 }), needsCall: true },
  { ...flood("a call id alone", { callId: 1n }), needsCall: true },
];

/** Frames that do not fit what was before. */
const confusions: readonly InstanceTrick[] = [
  { ...plain, name: "credit for a call to come", frames: [frame({ callId: 999n, credit: 1 })], reason: "CALL_UNKNOWN" },
  { ...plain, name: "an End for a call to come", frames: [frame({ callId: 999n, end: {} })], reason: "CALL_UNKNOWN" },
  {
    ...plain,
    name: "a second hello",
    frames: [frame({ control: { kind: { case: "hello", value: {} } } })],
    reason: "CALL_STATE",
  },
  {
    ...plain,
    name: "a Drain beyond the last call",
    frames: [frame({ control: { kind: { case: "drain", value: { lastCallId: 99n } } } })],
    reason: "CALL_STATE",
  },
  {
    ...plain,
    name: "an End twice",
    needsCall: true,
    frames: [frame({ callId: 1n, end: { code: 2 } }), frame({ callId: 1n, end: {} })],
    reason: "CALL_UNKNOWN",
  },
  { ...plain, name: "a half close with a call open", needsCall: true, halfCloses: true },
];

/** A router with a client that takes all of it gives credit in between, and may take it. */
const greed: readonly InstanceTrick[] = [
  {
    ...plain,
    name: "a message far beyond its credit",
    needsCall: true,
    frames: Array.from({ length: 40 }, () => frame({ callId: 1n }, 16_384)),
  },
];

/** What packages/protocol/vectors has, of what a router reads. */
const vectors: readonly InstanceTrick[] = loadRefusalVectors()
  .vectors.filter(({ direction }) => direction === "reply")
  .map(({ name, frames, reason }) => ({
    ...plain,
    name,
    needsCall: true,
    frames: [frame({ acceptedThrough: 1n }), ...frames],
    // A client that takes messages at once gives the credit back in between.
    reason: reason === "CREDIT_EXCEEDED" ? "" : reason,
  }));

const groups = [lies, beginnings, floods, confusions, greed, vectors, vectors];

/** Draws a trick. */
export function drawInstanceTrick(random: SeededRandom): InstanceTrick {
  const group = groups[random.integer(groups.length + 1)];
  return group?.[random.integer(group.length)] ?? randomFrames(random);
}

/** Frames that may be right or wrong. */
function randomFrames(random: SeededRandom): InstanceTrick {
  const frames = Array.from({ length: 1 + random.integer(60) }, () => {
    const head: Head = {
      ...(random.integer(4) > 0 ? { callId: BigInt(random.integer(4)) } : {}),
      ...(random.integer(8) === 0 ? { acceptedThrough: BigInt(random.integer(3)) } : {}),
      ...(random.integer(6) === 0 ? { credit: random.integer(1_000) } : {}),
      ...(random.integer(6) === 0 ? { header: {} } : {}),
      ...(random.integer(12) === 0 ? { end: { code: random.integer(20), notRun: random.integer(4) === 0 } } : {}),
      ...(random.integer(10) === 0 ? { control: ping() } : {}),
    };
    return frame(head, random.integer(3) === 0 ? random.integer(200) : -1);
  });
  return { ...plain, name: `${frames.length} frames by chance`, needsCall: random.integer(2) === 0, frames };
}

function lie(name: string, hello: HelloInit, reason = "HELLO_INVALID"): InstanceTrick {
  return { ...plain, name, hello, reason };
}

function flood(name: string, head: Head): InstanceTrick {
  return { ...plain, name, frames: Array.from({ length: floodFrames }, () => frame(head)), reason: "CONTROL_FLOOD" };
}

function ping(): NonNullable<Head["control"]> {
  return { kind: { case: "ping", value: {} } };
}

/** `size`: of a message in it; -1: none. */
function frame(head: Head, size = -1): Uint8Array {
  return rawMessage(replyFrame(head, size < 0 ? {} : { member: [trickMethod.number, new Uint8Array(size)] }));
}
