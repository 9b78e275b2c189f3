// SPDX-License-Identifier: Apache-2.0
// Bugs of the kinds that tunnels have, each a change to one method in memory; the product has no switches for them.
import { END_OK } from "../../packages/bridge/src/channel/call-end.ts";
import { Channel as BridgeChannel } from "../../packages/bridge/src/channel/channel.ts";
import { ChannelCalls } from "../../packages/bridge/src/channel/channel-calls.ts";
import { MessageAssembly } from "../../packages/bridge/src/channel/message-assembly.ts";
import { ReplyWriter } from "../../packages/bridge/src/channel/reply-writer.ts";
import { CreditGrowth } from "../../packages/protocol/src/credit-growth.ts";
import { StatusCode } from "../../packages/protocol/src/status.ts";
import { CallWriter } from "../../packages/runtime/src/channel/call-writer.ts";
import { Channel } from "../../packages/runtime/src/channel/channel.ts";
import { ChannelState } from "../../packages/runtime/src/channel/channel-state.ts";
import { CallEnding } from "../../packages/runtime/src/forward/call-ending.ts";
import { CallState } from "../../packages/runtime/src/forward/call-state.ts";
import { Placement } from "../../packages/runtime/src/forward/placement.ts";
import { ReplyCredit } from "../../packages/runtime/src/forward/reply-credit.ts";
import { ReplyForwarder } from "../../packages/runtime/src/forward/reply-forwarder.ts";
import { RequestForwarder } from "../../packages/runtime/src/forward/request-forwarder.ts";
import { patch, patchGetter } from "./patch.ts";
import { anything, type PlantedBug, stuck } from "./planted-bug.ts";
import { plantedFeatureBugs } from "./planted-feature-bugs.ts";
import { plantedFollowerBugs } from "./planted-follower-bugs.ts";
import { plantedHookBugs } from "./planted-hook-bugs.ts";
import { plantedPolicyBugs } from "./planted-policy-bugs.ts";

/** All of them. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "an accepted mark that is dropped",
    seed: 1,
    plant: () => patch(ReplyWriter, "accept", () => undefined),
    shows: /had begun when frames left with the mark/,
  },
  {
    name: "a mark that is one call late",
    seed: 1,
    plant: () => patch(ReplyWriter, "accept", (_self, accept, callId) => accept(callId - 1)),
    shows: /had begun when frames left with the mark/,
  },
  {
    name: "credit that is off by one",
    seed: 1,
    plant: () =>
      patch(RequestForwarder, "credit", (_self, credit, call, channel, units) => credit(call, channel, units + 1)),
    shows: /spent \d+ on call \d+ and had credit for \d+|CREDIT_EXCEEDED/,
  },
  {
    name: "credit that is returned twice",
    seed: 1,
    plant: () =>
      patch(ChannelCalls, "consumed", (_self, consumed, call, cost) => {
        consumed(call, cost);
        consumed(call, cost);
      }),
    shows: /gave call \d+ \d+ more than it took/,
  },
  {
    name: "a window that grows with every return of credit",
    seed: 1,
    plant: () =>
      patch(CreditGrowth, "giveBack", (_self, _giveBack, call, { owed }) => {
        call.creditWindow += owed;
        return 2 * owed;
      }),
    shows: /gave call \d+ \d+/,
  },
  {
    name: "credit that a slow reader's instance never gets back",
    seed: 62,
    plant: () => patch(ReplyCredit, "onSent", () => undefined),
    shows: stuck,
  },
  {
    name: "credit that goes back before the client has taken the reply",
    seed: 19,
    plant: () =>
      patch(ReplyForwarder, "receive", (_self, receive, call, channel, ...rest) => {
        const before = call.replyHeld;
        const fault = receive(call, channel, ...rest);
        if (call.replyHeld <= before || call.state !== CallState.accepted) return fault;
        call.creditPending += call.replyHeld - before;
        channel.output.control.add(call);
        channel.output.pump();
        return fault;
      }),
    shows: /and its client can have taken/,
  },
  {
    name: "a slot that a cancelled call keeps",
    seed: 1,
    plant: () =>
      patch(Channel, "forget", (_self, forget, call) => {
        if (call.state !== CallState.cancelling) forget(call);
      }),
    shows: anything,
  },
  {
    name: "a slot that is free before the instance has confirmed the Cancel",
    seed: 1,
    plant: () =>
      patch(Channel, "cancel", (self, cancel, call, mode) => {
        cancel(call, mode);
        self.table.remove(call);
      }),
    shows: /accuses a peer|calls are open/,
  },
  {
    name: "an id that is used twice",
    seed: 1,
    plant: () => patchGetter(Channel, "nextCallId", (next) => (next % 5 === 0 ? next - 1 : next)),
    shows: /a Start has id \d+, the last one had \d+/,
  },
  {
    name: "a fence that is ignored",
    seed: 6,
    plant: () => patch(Channel, "supersede", () => undefined),
    shows: /has superseded/,
  },
  {
    name: "a call that is dispatched after its deadline",
    seed: 8,
    plant: () =>
      patch(Placement, "pick", (_self, pick, call) => {
        const { deadlineMs } = call;
        call.deadlineMs = Number.POSITIVE_INFINITY;
        const channel = pick(call);
        call.deadlineMs = deadlineMs;
        return channel;
      }),
    shows: /was dispatched after its deadline/,
  },
  {
    name: "slices that are lost while the channel drains",
    seed: 187,
    plant: () =>
      patch(RequestForwarder, "receive", (_self, receive, call, ...rest) => {
        if (call.channel?.state !== ChannelState.draining) receive(call, ...rest);
      }),
    shows: stuck,
  },
  {
    name: "an End that is written twice",
    seed: 1,
    plant: () => {
      const doubled = new WeakSet<object>();
      patch(ChannelCalls, "ended", (self, ended, call, end) => {
        ended(call, end);
        if (doubled.has(call) || call.callId % 7 !== 0) return;
        doubled.add(call);
        call.end = END_OK;
        self.ready(call);
      });
    },
    shows: /behind the End|accuses a peer/,
  },
  {
    name: "a half close that is swallowed",
    seed: 1,
    plant: () =>
      patch(CallWriter, "bare", (_self, bare, call, halfClose) => {
        if (call.callId === 0 || !halfClose) return bare(call, halfClose);
        call.halfCloseSent = true;
        return true;
      }),
    shows: stuck,
  },
  {
    name: "a lost call that runs again without proof",
    seed: 9,
    plant: () => patch(CallEnding, "lost", (self, _lost, call, channel) => self.notRun(call, channel)),
    shows: /must not run twice|execution none, yet it ran/,
  },
  {
    name: "an instance that runs what crosses its own Drain",
    seed: 109,
    plant: () =>
      patch(BridgeChannel, "drain", (self, drain, graceMs) => {
        drain(graceMs);
        self.lastCallId = Number.POSITIVE_INFINITY;
      }),
    shows: anything,
  },
  {
    name: "a capacity that is not heard",
    seed: 1,
    plant: () => patch(Channel, "setCapacity", () => undefined),
    shows: /calls are open on/,
  },
  {
    name: "a reply that goes on to a client that has its answer",
    seed: 1,
    plant: () =>
      patch(ReplyForwarder, "receive", (_self, receive, call, ...rest) => {
        if (call.state === CallState.cancelling) call.state = CallState.accepted;
        return receive(call, ...rest);
      }),
    shows: anything,
  },
  {
    name: "a long message with a byte in the wrong place",
    seed: 1,
    plant: () =>
      patch(MessageAssembly, "append", (_self, append, bytes, start, end) => {
        append(bytes, start + 1, end);
        append(bytes, start, start + 1);
      }),
    shows: anything,
  },
  {
    name: "a caller that goes and is counted nowhere",
    seed: 1,
    plant: () =>
      patch(CallEnding, "count", (_self, count, call, code, reason) => {
        if (code !== StatusCode.cancelled) count(call, code, reason);
      }),
    shows: /has counted \d+ in grpc\.server\.call\.started and \d+ in/,
  },
  {
    name: "an attempt that is counted when it is cancelled and when it ends",
    seed: 1,
    plant: () =>
      patch(Channel, "countAttempt", (_self, countAttempt, call, code) => {
        const { isSent } = call.sample;
        countAttempt(call, code);
        if (call.state === CallState.cancelling) call.sample.isSent = isSent;
      }),
    shows: /has counted \d+ in grpc\.client\.attempt\.started and \d+ in/,
  },
  ...plantedFollowerBugs,
  ...plantedFeatureBugs,
  ...plantedPolicyBugs,
  ...plantedHookBugs,
];
