// SPDX-License-Identifier: Apache-2.0
import {
  type CallHeadView,
  EndView,
  type FrameView,
  type InstanceControl,
  type ReplyHeadView,
  type RouterControl,
  readEnd,
} from "@grpc-router/protocol";

const endView = new EndView();
const cancelModes = ["ABORT", "ABORT", "DEADLINE", "REVOKE"];

/** A router's frame of a call for the trace: `7 start half_close +4096`. */
export function describeCallFrame(frame: FrameView, head: CallHeadView): string {
  const parts = [`call ${head.callId}`];
  if (head.startStart >= 0) parts.push("START");
  if (head.credit > 0) parts.push(`credit ${head.credit}`);
  if (head.cancel >= 0) parts.push(`CANCEL ${cancelModes[head.cancel]}`);
  parts.push(...payloadOf(frame));
  if (head.halfClose) parts.push("half_close");
  return parts.join(" ");
}

/** An instance's frame of a call for the trace. */
export function describeReplyFrame(frame: FrameView, head: ReplyHeadView): string {
  const parts = [`call ${head.callId}`];
  if (head.acceptedThrough > 0) parts.push(`mark ${head.acceptedThrough}`);
  if (head.credit > 0) parts.push(`credit ${head.credit}`);
  if (head.headerStart >= 0) parts.push("header");
  parts.push(...payloadOf(frame));
  if (head.endStart >= 0) {
    readEnd(head.bytes, head.endStart, head.endEnd, endView);
    parts.push(`END ${endView.code}${endView.notRun ? " not_run" : ""}`);
  }
  return parts.join(" ");
}

/** A control frame for the trace, with the fields that matter in one. */
export function describeControl(control: RouterControl | InstanceControl | undefined): string {
  const kind = control?.kind;
  switch (kind?.case) {
    case "hello": {
      const { instanceId, incarnation, ordinal, capacity, previous } = kind.value;
      const given = previous.map(({ epoch, acceptedThrough }) => ` previous ${epoch}≤${acceptedThrough}`).join("");
      return `HELLO ${instanceId} incarnation ${incarnation} ordinal ${ordinal} capacity ${capacity?.calls ?? "-"}${given}`;
    }
    case "welcome":
      return `WELCOME epoch ${kind.value.epoch}`;
    case "drain":
      return `DRAIN ${kind.value.reason} through ${kind.value.lastCallId} grace ${kind.value.graceMs} ms`;
    case "capacity":
      return `capacity ${kind.value.calls}`;
    case "previous":
      return `PREVIOUS ${kind.value.epoch}≤${kind.value.acceptedThrough}`;
    case "close":
      return `CLOSE ${kind.value.reason}`;
    default:
      return String(kind?.case);
  }
}

function payloadOf(frame: FrameView): string[] {
  if (frame.payloadNumber === 0) return [];
  const kind = frame.payloadNumber === 2 ? "slice" : "message";
  return [`${kind}(${frame.payloadEnd - frame.payloadStart})`];
}
