// SPDX-License-Identifier: Apache-2.0
// Bugs in what calls alone do not meet: takeovers, health, limits, compression, and peers that break rules.
import { Channel as BridgeChannel } from "../../packages/bridge/src/channel/channel.ts";
import { DispatchHandler } from "../../packages/bridge/src/dispatch/dispatch-handler.ts";
import { RateLimiter } from "../../packages/protocol/src/rate-limiter.ts";
import { StatusCode } from "../../packages/protocol/src/status.ts";
import { Channel } from "../../packages/runtime/src/channel/channel.ts";
import { ChannelEnd } from "../../packages/runtime/src/channel/channel-end.ts";
import { RegistrationGate } from "../../packages/runtime/src/credentials/registration-gate.ts";
import { CallEnding } from "../../packages/runtime/src/forward/call-ending.ts";
import { ClientAccount } from "../../packages/runtime/src/forward/client-account.ts";
import { Placement } from "../../packages/runtime/src/forward/placement.ts";
import { ReplyFields } from "../../packages/runtime/src/forward/reply-fields.ts";
import { ReplyWriter } from "../../packages/runtime/src/forward/reply-writer.ts";
import { RequestSender } from "../../packages/runtime/src/forward/send-request.ts";
import { MethodTable } from "../../packages/runtime/src/registry/method-table.ts";
import { Registry } from "../../packages/runtime/src/registry/registry.ts";
import { WaitingQueue } from "../../packages/runtime/src/resilience/waiting-queue.ts";
import { patch, patchGetter } from "./patch.ts";
import type { PlantedBug } from "./planted-bug.ts";

/** Bugs whose calls come to other ends than planned. */
export const plantedFeatureBugs: readonly PlantedBug[] = [
  {
    name: "Previous that moves a call that had begun",
    seed: 1048,
    plant: () => patch(ChannelEnd, "giveUp", (_self, giveUp) => giveUp(0)),
    shows: /must not run twice|execution none, yet it ran/,
  },
  {
    name: "a call that stays in its queue when a slot is free",
    seed: 1,
    plant: () => patch(Placement, "dispatch", () => undefined),
    shows: /\[progress\].*has had room for/,
  },
  {
    name: "a queue that forgets one call in five",
    seed: 14,
    plant: () => {
      let count = 0;
      patch(WaitingQueue, "offer", (_self, offer, ...rest) => (++count % 5 === 0 ? true : offer(...rest)));
    },
    shows: /\[(progress|ends|gentle)\]/,
  },
  {
    name: "proof that a call did not run, and that nobody heeds",
    seed: 102,
    plant: () => patch(CallEnding, "notRun", (self, _notRun, call, channel) => self.lost(call, channel)),
    shows: /\[gentle\]/,
  },
  {
    name: "a reply that is left out",
    seed: 1,
    plant: () =>
      patch(ReplyWriter, "message", (_self, message, call, ...rest) => {
        return call.callId % 5 === 0 ? true : message(call, ...rest);
      }),
    shows: /\[(success|content)\]/,
  },
  {
    name: "trailers that stay at the router",
    seed: 1,
    plant: () => patch(ReplyFields, "addTrailers", () => true),
    shows: /\[success\].* behind, not/,
  },
  {
    name: "a status of an instance that is told as another",
    seed: 10,
    plant: () =>
      patch(ReplyFields, "addEnd", (_self, addEnd, bytes, start, end, view) => {
        if (view.code === StatusCode.unavailable) view.code = StatusCode.unknown;
        return addEnd(bytes, start, end, view);
      }),
    shows: /\[truth\].*ended with code 2/,
  },
  {
    name: "an operator whom the balancers do not hear",
    seed: 4,
    plant: () =>
      patch(Channel, "withdraw", (self) => {
        self.withdrawn = true;
      }),
    shows: /\[stated\].*which an operator has withdrawn/,
  },
  {
    name: "health that is not heard",
    seed: 97,
    plant: () => patch(Channel, "setServing", () => undefined),
    shows: /\[stated\]/,
  },
  {
    name: "labels that stay as the hello had them",
    seed: 5,
    plant: () => patch(Channel, "setTraits", () => undefined),
    shows: /\[stated\].*is listed as/,
  },
  {
    name: "an id that anybody may take over",
    seed: 5,
    plant: () =>
      patch(RegistrationGate, "renew", (_self, renew, ...rest) => {
        const grant = renew(...rest);
        return "reason" in grant ? grant : { ...grant, principal: "" };
      }),
    shows: /\[fence\].*it has taken inst[A-D] from/,
  },
  {
    name: "a zombie that takes over from its successor",
    seed: 63,
    plant: () =>
      patch(Registry, "admit", (_self, admit, hello, ...rest) =>
        admit({ ...hello, incarnation: 2n ** 60n + hello.ordinal }, ...rest),
      ),
    shows: /which is newer/,
  },
  {
    name: "a number of another service's method",
    seed: 25,
    plant: () => patch(MethodTable, "number", (_self, number, at) => (number(at) === 20_004 ? 20_002 : number(at))),
    shows: /\[content\]/,
  },
  {
    name: "a compressed reply that is passed on as plain",
    seed: 13,
    plant: () =>
      patch(ReplyWriter, "firstSlice", (_self, firstSlice, call, _compressed, ...rest) =>
        firstSlice(call, false, ...rest),
      ),
    shows: /\[content\]/,
  },
  {
    name: "an encoding that the instance does not look at",
    seed: 2,
    plant: () => patch(DispatchHandler, "refusal", () => undefined),
    shows: /\[truth\].*ended with code/,
  },
  {
    name: "metadata that nobody counts",
    seed: 1107,
    plant: () => patchGetter(ClientAccount, "isFullOfHeads", () => false),
    shows: /\[buffers\].*bytes of heads/,
  },
  {
    name: "a request that is longer than it may be",
    seed: 148,
    plant: () =>
      patch(RequestSender, "send", (_self, send, call, ...rest) => {
        Object.assign(call.route, { maxRequestMessageBytes: 2 ** 32 - 1 });
        return send(call, ...rest);
      }),
    shows: /\[buffers\].*longer than its router takes/,
  },
  {
    name: "floods that are let through",
    seed: 179,
    plant: () => patch(RateLimiter, "take", () => true),
    shows: /\[hostile\].*its channel stands/,
  },
  {
    name: "credit that an instance need not have",
    seed: 464,
    plant: () =>
      patch(Channel, "onStarted", (_self, onStarted, call) => {
        onStarted(call);
        call.replyCredit = 2 ** 40;
      }),
    shows: /\[(credit|hostile)\]/,
  },
  {
    name: "a fault of an instance that is told as another",
    seed: 25,
    plant: () =>
      patch(ChannelEnd, "close", (_self, close, fault, ...rest) =>
        close(fault.reason === "CALL_UNKNOWN" ? { reason: "FRAME_AMBIGUOUS", facts: {} } : fault, ...rest),
      ),
    shows: /\[hostile\].*was told/,
  },
  {
    name: "a lying hello that is taken",
    seed: 41,
    plant: () =>
      patch(Registry, "admit", (_self, admit, hello, ...rest) => {
        if (hello.instanceId.startsWith("inst")) return admit(hello, ...rest);
        const initialCredit = Math.max(hello.initialCredit, 65_536);
        const instanceId = hello.instanceId.slice(0, 128);
        return admit(
          { ...hello, revisionMin: 1, initialCredit, instanceId, methods: hello.methods.slice(0, 1) },
          ...rest,
        );
      }),
    shows: /\[hostile\].*its channel stands/,
  },
  {
    name: "a credential that nobody asks for",
    seed: 5,
    plant: () => {
      const anybody = { principal: "fleet", expiresMs: Number.POSITIVE_INFINITY, evidence: { kind: "none" } } as const;
      patch(RegistrationGate, "judge", () => anybody);
      patch(RegistrationGate, "renew", () => anybody);
    },
    shows: /\[hostile\].*without a credential|\[fence\].*it has taken/,
  },
  {
    name: "a bridge that bears its router's faults",
    seed: 186,
    plant: () => patch(BridgeChannel, "fault", () => undefined),
    shows: /\[hostile\].*its channel stands/,
  },
  {
    name: "an honest instance that is shut out",
    seed: 1,
    plant: () => patch(BridgeChannel, "opened", (self) => self.fault("CALL_STATE", "planted")),
    shows: /\[honest\]/,
  },
];
