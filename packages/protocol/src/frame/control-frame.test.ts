// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { Method_Kind } from "../gen/grpcrouter/v1/channel_pb.js";
import {
  decodeInstanceControl,
  decodeRouterControl,
  encodeInstanceControl,
  encodeRouterControl,
} from "./control-frame.js";
import { CallHeadView, readCallHead } from "./read-call-head.js";
import { FrameView, readFrame } from "./read-frame.js";
import { ReplyHeadView, readReplyHead } from "./read-reply-head.js";

const frameView = new FrameView();

describe("encodeRouterControl()", () => {
  test("makes a frame that the readers take apart", () => {
    const frame = encodeRouterControl({
      kind: { case: "drain", value: { reason: "ROUTER_DRAINING", graceMs: 30_000 } },
    });
    const head = new CallHeadView();
    expect(readFrame(frame, 5, frame.length, frameView)).toBe(0);
    expect(readCallHead(frame, frameView.headStart, frameView.headEnd, head)).toBe(0);
    expect(head.callId).toBe(0);
    expect(decodeRouterControl(head.bytes, head.controlStart, head.controlEnd)?.kind).toMatchObject({
      case: "drain",
      value: { reason: "ROUTER_DRAINING", graceMs: 30_000 },
    });
  });
});

describe("encodeInstanceControl()", () => {
  test("makes a frame that the readers take apart into values of their own", () => {
    const processKey = new Uint8Array(16).fill(7);
    const methods = [{ name: "GetUser", number: 173444, typed: true, kind: Method_Kind.UNARY }];
    const hello = { service: "a.B", processKey, methods };
    // A socket may bring a Buffer, whose slice() is a view.
    const frame = Buffer.from(encodeInstanceControl({ kind: { case: "hello", value: hello } }));
    const head = new ReplyHeadView();
    expect(readFrame(frame, 5, frame.length, frameView)).toBe(0);
    expect(readReplyHead(frame, frameView.headStart, frameView.headEnd, head)).toBe(0);
    const control = decodeInstanceControl(head.bytes, head.controlStart, head.controlEnd);
    frame.fill(0);
    expect(control?.kind).toMatchObject({ case: "hello", value: { service: "a.B", processKey, methods } });
  });
});

describe("decodeRouterControl()", () => {
  test.each([
    ["an unknown kind", "7a00", { critical: false }],
    ["an unknown critical kind", "08017a00", { critical: true }],
  ])("shows %s", (_name, hex, expected) => {
    const bytes = Buffer.from(hex, "hex");
    expect(decodeRouterControl(bytes, 0, bytes.length)).toMatchObject({ ...expected, kind: { case: undefined } });
  });

  test.each(["0a", "1a05", "00"])("gives undefined for %s", (hex) => {
    const bytes = Buffer.from(hex, "hex");
    expect(decodeRouterControl(bytes, 0, bytes.length)).toBeUndefined();
  });
});
