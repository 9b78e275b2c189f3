// SPDX-License-Identifier: Apache-2.0
// Runs vectors/*.json (docs/channel.md section 9) against the codec and against protobuf's general encoder.

import { readFileSync } from "node:fs";
import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { hex, plain, readCall, readReply } from "./frame/frame-facts.suite.js";
import { encodeReference, type Payload } from "./frame/reference-frames.suite.js";
import { CallHeadSchema, ReplyHeadSchema } from "./gen/grpcrouter/v1/channel_pb.js";
import {
  CallHeadView,
  decodeInstanceControl,
  decodeRouterControl,
  EndView,
  FRAGMENT_NUMBER,
  FragmentView,
  FrameFault,
  FrameView,
  HeaderView,
  isMethodNumber,
  isReason,
  MAX_FRAME_BYTES,
  MessageSplitter,
  methodNumber,
  ReplyHeadView,
  readCallHead,
  readEnd,
  readFragment,
  readFrame,
  readHeader,
  readReplyHead,
  readStart,
  reasonOfFault,
  SliceTracker,
  StartView,
} from "./index.js";

type Direction = "call" | "reply";
type Pieces = readonly (string | { readonly octet: string; readonly times: number })[];
type ExpectedPayload =
  | { readonly kind: "none" }
  | { readonly kind: "member"; readonly number: number; readonly message: Pieces }
  | { readonly kind: "fragment"; readonly remaining: number; readonly compressed: boolean; readonly data: Pieces };

interface FrameVector {
  readonly name: string;
  readonly direction: Direction;
  readonly canonical: boolean;
  readonly frames: readonly {
    readonly bytes: Pieces;
    readonly expect: { readonly head: JsonObject; readonly payload: ExpectedPayload };
  }[];
}

interface RefusalVector {
  readonly name: string;
  readonly direction: Direction;
  readonly frames: readonly { readonly bytes: Pieces; readonly times?: number }[];
  readonly reason: string;
}

interface ServiceVector {
  readonly name: string;
  readonly source: { readonly pins?: Readonly<Record<string, number>> };
  readonly expect: {
    readonly fields?: readonly { readonly method: string; readonly number: number; readonly field?: string }[];
    readonly collision?: { readonly number: number; readonly methods: readonly string[] };
    readonly refusedPin?: number;
  };
}

interface Vectors {
  numbers: { names: { name: string; number: number }[]; services: ServiceVector[] };
  frames: { vectors: FrameVector[] };
  refusals: { calls: { method: number }[]; bytes: RefusalVector[]; states: RefusalVector[] };
}

function load<Name extends keyof Vectors>(name: Name): Vectors[Name] {
  // The files are ours; their shape is what the tests below go through.
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as Vectors[Name];
}

const numbers = load("numbers");
const frames = load("frames");
const refusals = load("refusals");

describe.each(["numbers", "frames", "refusals"] as const)("vectors/%s.json", (name) => {
  test("is what scripts/write-vectors.mjs writes", async () => {
    const url = new URL(`../scripts/vectors/${name}.mjs`, import.meta.url);
    const written: Record<string, unknown> = await import(url.pathname);
    const [vectors] = Object.values(written);
    expect(JSON.parse(JSON.stringify(vectors))).toEqual(load(name));
  });
});

describe("vectors/numbers.json", () => {
  test.each(numbers.names)("$name is $number", ({ name, number }) => {
    expect(methodNumber(name)).toBe(number);
  });

  test.each(numbers.services)("$name", ({ source, expect: { fields = [], collision, refusedPin } }) => {
    for (const { method, number, field } of fields) {
      expect(number).toBe(source.pins?.[method] ?? methodNumber(method));
      expect(field === undefined || /^[a-z][a-z0-9_]*$/.test(field)).toBe(true);
    }
    expect(new Set(fields.map(({ number }) => number)).size).toBe(fields.length);
    for (const method of collision?.methods ?? []) expect(methodNumber(method)).toBe(collision?.number);
    if (refusedPin !== undefined) expect(isMethodNumber(refusedPin)).toBe(false);
  });
});

describe("vectors/frames.json", () => {
  test.each(frames.vectors)("$direction: $name", ({ direction, canonical, frames: list }) => {
    const [first] = list;
    const state = newState(first?.expect.payload.kind === "member" ? first.expect.payload.number : 0);
    for (const { bytes, expect: expected } of list) {
      const frame = octets(bytes);
      const head = headOf(direction, expected.head);
      if (canonical) expect(hex(encodeReference(head, payloadOf(expected.payload)))).toBe(hex(frame));
      // A control is for its own decoder, which `judge` asks.
      if (!("control" in expected.head)) {
        const { head: sameHead } = read(direction, encodeReference(head, { kind: "none" }));
        expect(read(direction, frame)).toEqual({ head: sameHead, payload: plain(payloadOf(expected.payload)) });
      }
      expect(judge(frame, direction, state)).toBe(FrameFault.none);
    }
  });
});

describe("vectors/refusals.json", () => {
  test.each(refusals.bytes)("$direction: $name", ({ direction, frames: list, reason }) => {
    const state = newState(refusals.calls[0]?.method ?? 0);
    const faults = list.map(({ bytes }) => judge(octets(bytes), direction, state));
    expect(reasonOfFault(faults.pop() ?? FrameFault.none)).toBe(reason);
    expect(faults.every((fault) => fault === FrameFault.none)).toBe(true);
  });

  test.each(refusals.states)(
    "$direction: $name; its octets are not what is wrong",
    ({ direction, frames: list, reason }) => {
      expect(isReason(reason)).toBe(true);
      const state = newState(refusals.calls[0]?.method ?? 0);
      for (const { bytes } of list) expect(judge(octets(bytes), direction, state)).toBe(FrameFault.none);
    },
  );

  test("have one for every reason that a frame is refused for", () => {
    const words = [...refusals.bytes, ...refusals.states].map(({ reason }) => reason);
    expect([...new Set(words)].sort()).toEqual(
      "CALL_ID_ORDER CALL_STATE CALL_UNKNOWN CONTROL_FLOOD CONTROL_UNKNOWN CREDIT_EXCEEDED CREDIT_OVERFLOW FRAGMENT_INVALID FRAME_AMBIGUOUS FRAME_MALFORMED FRAME_TOO_LARGE MEMBER_MISMATCH".split(
        " ",
      ),
    );
  });
});

function octets(pieces: Pieces): Uint8Array {
  const hexes = pieces.map((piece) => (typeof piece === "string" ? piece : piece.octet.repeat(piece.times)));
  return new Uint8Array(Buffer.from(hexes.join(""), "hex"));
}

function headOf(direction: Direction, head: JsonObject) {
  return direction === "call" ? fromJson(CallHeadSchema, head) : fromJson(ReplyHeadSchema, head);
}

/** Head and payload as the codec finds them. */
function read(direction: Direction, frame: Uint8Array): { head: object; payload: object } {
  return direction === "call" ? readCall(frame) : readReply(frame);
}

function payloadOf(payload: ExpectedPayload): Payload {
  if (payload.kind === "none") return payload;
  if (payload.kind === "member") return { ...payload, message: octets(payload.message) };
  return { ...payload, data: octets(payload.data) };
}

/** What a reader knows of the one call that the frames of a vector are of. */
interface CallState {
  readonly method: number;
  readonly slices: SliceTracker;
}

function newState(method: number): CallState {
  return { method, slices: new SliceTracker() };
}

/** What a reader that knows the method of call 1 and the slices before says of the octets of a frame. */
function judge(octetsOfFrame: Uint8Array, direction: Direction, state: CallState): FrameFault {
  let fault: FrameFault = FrameFault.none;
  const splitter = new MessageSplitter(MAX_FRAME_BYTES);
  const sink = {
    onMessage(bytes: Uint8Array, start: number, end: number): void {
      fault = judgeFrame(bytes, start, end, direction, state);
    },
  };
  const split = splitter.push(octetsOfFrame, 0, octetsOfFrame.length, sink);
  return split === FrameFault.none ? fault : split;
}

function judgeFrame(bytes: Uint8Array, start: number, end: number, direction: Direction, state: CallState): FrameFault {
  const view = new FrameView();
  const fault = readFrame(bytes, start, end, view) || judgeHead(bytes, view, direction);
  if (fault !== FrameFault.none || view.payloadNumber === 0) return fault;
  if (view.payloadNumber === FRAGMENT_NUMBER) {
    const fragment = new FragmentView();
    return readFragment(bytes, view.payloadStart, view.payloadEnd, fragment) || state.slices.accept(fragment);
  }
  if (view.payloadNumber !== state.method) return FrameFault.memberMismatch;
  return state.slices.isOpen ? FrameFault.fragmentInvalid : FrameFault.none;
}

/** Reads the head and everything in it. */
function judgeHead(bytes: Uint8Array, frame: FrameView, direction: Direction): FrameFault {
  if (direction === "call") {
    const head = new CallHeadView();
    const fault = readCallHead(bytes, frame.headStart, frame.headEnd, head);
    if (fault !== FrameFault.none || head.startStart < 0) return fault || judgeControl(head, decodeRouterControl);
    return readStart(head.bytes, head.startStart, head.startEnd, new StartView());
  }
  const head = new ReplyHeadView();
  let fault = readReplyHead(bytes, frame.headStart, frame.headEnd, head);
  if (fault === FrameFault.none && head.headerStart >= 0) {
    fault = readHeader(head.bytes, head.headerStart, head.headerEnd, new HeaderView());
  }
  if (fault === FrameFault.none && head.endStart >= 0) {
    fault = readEnd(head.bytes, head.endStart, head.endEnd, new EndView());
  }
  return fault || judgeControl(head, decodeInstanceControl);
}

function judgeControl(
  head: { readonly bytes: Uint8Array; readonly controlStart: number; readonly controlEnd: number },
  decode: (bytes: Uint8Array, start: number, end: number) => unknown,
): FrameFault {
  if (head.controlStart < 0) return FrameFault.none;
  return decode(head.bytes, head.controlStart, head.controlEnd) ? FrameFault.none : FrameFault.malformed;
}
