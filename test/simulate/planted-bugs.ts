// SPDX-License-Identifier: Apache-2.0
// Bugs of the kinds that tunnels have, each a change to one method in memory; the product has no switches for them.
import { END_OK } from "../../packages/bridge/src/channel/call-end.ts";
import { Channel as BridgeChannel } from "../../packages/bridge/src/channel/channel.ts";
import { ChannelCalls } from "../../packages/bridge/src/channel/channel-calls.ts";
import { MessageAssembly } from "../../packages/bridge/src/channel/message-assembly.ts";
import { ReplyWriter } from "../../packages/bridge/src/channel/reply-writer.ts";
import { CallWriter } from "../../packages/runtime/src/channel/call-writer.ts";
import { Channel } from "../../packages/runtime/src/channel/channel.ts";
import { ChannelEnd } from "../../packages/runtime/src/channel/channel-end.ts";
import { ChannelState } from "../../packages/runtime/src/channel/channel-state.ts";
import { CallEnding } from "../../packages/runtime/src/forward/call-ending.ts";
import { CallState } from "../../packages/runtime/src/forward/call-state.ts";
import { Placement } from "../../packages/runtime/src/forward/placement.ts";
import { ReplyForwarder } from "../../packages/runtime/src/forward/reply-forwarder.ts";
import { RequestForwarder } from "../../packages/runtime/src/forward/request-forwarder.ts";
import { patch, patchGetter } from "./patch.ts";

/** A bug and how it shows. */
export interface PlantedBug {
  readonly name: string;
  plant(): void;
  /** What the first violation says. */
  readonly shows: RegExp;
}

const any = /./;

/** All of them; docs/reliability.md counts them. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "an accepted mark that is dropped",
    plant: () => patch(ReplyWriter, "accept", () => () => undefined),
    shows: /had begun when frames left with the mark/,
  },
  {
    name: "a mark that is one call late",
    plant: () =>
      patch(
        ReplyWriter,
        "accept",
        (accept) =>
          function (callId) {
            accept.call(this, callId - 1);
          },
      ),
    shows: /had begun when frames left with the mark/,
  },
  {
    name: "credit that is off by one",
    plant: () =>
      patch(
        RequestForwarder,
        "credit",
        (credit) =>
          function (call, channel, units) {
            return credit.call(this, call, channel, units + 1);
          },
      ),
    shows: /spent \d+ on call \d+ and had credit for \d+|CREDIT_EXCEEDED/,
  },
  {
    name: "credit that is returned twice",
    plant: () =>
      patch(
        ChannelCalls,
        "consumed",
        (consumed) =>
          function (call, cost) {
            consumed.call(this, call, cost);
            consumed.call(this, call, cost);
          },
      ),
    shows: /gave call \d+ \d+ more than it took/,
  },
  {
    name: "credit that is never returned to a slow reader's instance",
    plant: () => patch(ReplyForwarder, "onSent", () => () => undefined),
    shows: /never ends|slots|no status|failed with|keeps \d+ bytes/,
  },
  {
    name: "a slot that a cancelled call keeps",
    plant: () =>
      patch(
        Channel,
        "forget",
        (forget) =>
          function (call) {
            if (call.state !== CallState.cancelling) forget.call(this, call);
          },
      ),
    shows: any,
  },
  {
    name: "a slot that is free before the instance has confirmed the Cancel",
    plant: () =>
      patch(
        Channel,
        "cancel",
        (cancel) =>
          function (call, mode) {
            cancel.call(this, call, mode);
            this.table.remove(call);
          },
      ),
    shows: /accuses a peer|calls are open/,
  },
  {
    name: "an id that is used twice",
    plant: () => patchGetter(Channel, "nextCallId", (next) => (next % 5 === 0 ? next - 1 : next)),
    shows: /a Start has id \d+, the last one had \d+/,
  },
  {
    name: "a fence that is ignored",
    plant: () => patch(Channel, "supersede", () => () => undefined),
    shows: /has superseded/,
  },
  {
    name: "a call that is dispatched after its deadline",
    plant: () =>
      patch(
        Placement,
        "pick",
        (pick) =>
          function (call) {
            const { deadlineMs } = call;
            call.deadlineMs = Number.POSITIVE_INFINITY;
            const channel = pick.call(this, call);
            call.deadlineMs = deadlineMs;
            return channel;
          },
      ),
    shows: /was dispatched after its deadline/,
  },
  {
    name: "slices that are lost when the channel drains",
    plant: () =>
      patch(
        RequestForwarder,
        "turn",
        (turn) =>
          function (call, channel) {
            if (channel.state === ChannelState.open) turn.call(this, call, channel);
          },
      ),
    shows: any,
  },
  {
    name: "an End that is written twice",
    plant: () => {
      const doubled = new WeakSet<object>();
      patch(
        ChannelCalls,
        "ended",
        (ended) =>
          function (call) {
            ended.call(this, call);
            if (doubled.has(call) || call.callId % 7 !== 0) return;
            doubled.add(call);
            call.end = END_OK;
            this.ready(call);
          },
      );
    },
    shows: /behind the End|accuses a peer/,
  },
  {
    name: "a half close that is swallowed",
    plant: () =>
      patch(
        CallWriter,
        "bare",
        (bare) =>
          function (call, halfClose) {
            if (call.callId === 0 || !halfClose) return bare.call(this, call, halfClose);
            call.halfCloseSent = true;
            return true;
          },
      ),
    shows: any,
  },
  {
    name: "a lost call that runs again without proof",
    plant: () =>
      patch(
        CallEnding,
        "lost",
        () =>
          function (call, channel) {
            this.notRun(call, channel);
          },
      ),
    shows: /must not run twice|execution none, yet it ran/,
  },
  {
    name: "an instance that runs what crosses its own Drain",
    plant: () =>
      patch(
        BridgeChannel,
        "drain",
        (drain) =>
          function (graceMs) {
            drain.call(this, graceMs);
            this.lastCallId = Number.POSITIVE_INFINITY;
          },
      ),
    shows: any,
  },
  {
    name: "a capacity that is not heard",
    plant: () => patch(Channel, "setCapacity", () => () => undefined),
    shows: /calls are open on/,
  },
  {
    name: "a Previous that moves a call that had begun",
    plant: () =>
      patch(
        ChannelEnd,
        "giveUp",
        (giveUp) =>
          function (acceptedThrough) {
            giveUp.call(this, acceptedThrough - 1);
          },
      ),
    shows: /must not run twice|execution none, yet it ran/,
  },
  {
    name: "a reply that counts although its call is over for the client",
    plant: () =>
      patch(
        ReplyForwarder,
        "receive",
        (receive) =>
          function (call, ...rest) {
            if (call.state === CallState.cancelling) call.state = CallState.accepted;
            return receive.call(this, call, ...rest);
          },
      ),
    shows: any,
  },
  {
    name: "a long message with a byte that is wrong",
    plant: () =>
      patch(
        MessageAssembly,
        "append",
        (append) =>
          function (bytes, start, end) {
            append.call(this, bytes, start + 1, end);
            append.call(this, bytes, start, start + 1);
          },
      ),
    shows: any,
  },
];
