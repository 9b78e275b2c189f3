// SPDX-License-Identifier: Apache-2.0
import {
  type Capacity,
  type Drain,
  decodeInstanceControl,
  encodeRouterControl,
  Health_Status,
  type InstanceControl,
  MAX_CAPACITY_PER_SECOND,
  MAX_CONTROL_BURST,
  MAX_CONTROL_PER_SECOND,
  RateLimiter,
} from "@grpc-router/protocol";
import { toCandidateLoad } from "../balance/load-report.js";
import type { Clock } from "../clock.js";
import { findLabelProblem, labelsOf, weightOf } from "../registry/instance-profile.js";
import type { Channel } from "./channel.js";
import type { ChannelFault } from "./channel-fault.js";

/** Takes what an instance says about itself and its channel (`InstanceControl`). Rare, so it is decoded the general way. */
export class InstanceControlReader {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #rate: RateLimiter;
  readonly #capacityRate: RateLimiter;

  constructor(channel: Channel, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.#rate = new RateLimiter(clock.lastMs, MAX_CONTROL_BURST, MAX_CONTROL_PER_SECOND);
    this.#capacityRate = new RateLimiter(clock.lastMs, MAX_CONTROL_BURST, MAX_CAPACITY_PER_SECOND);
  }

  /** One control message; `frames` is how many frames have been read, it included. */
  read(bytes: Uint8Array, start: number, end: number, frames: number): ChannelFault | undefined {
    if (!this.#rate.take(this.#clock.lastMs)) {
      return { reason: "CONTROL_FLOOD", facts: { kind: "control", limit: `${MAX_CONTROL_PER_SECOND} a second` } };
    }
    const control = decodeInstanceControl(bytes, start, end);
    if (control === undefined) return { reason: "FRAME_MALFORMED", facts: { detail: "its control is not" } };
    return this.#take(control, frames);
  }

  #take(control: InstanceControl, frames: number): ChannelFault | undefined {
    const channel = this.#channel;
    const { kind } = control;
    switch (kind.case) {
      case "ping": {
        const pong = { token: kind.value.token, frames: BigInt(frames) };
        channel.output.say("pong", encodeRouterControl({ kind: { case: "pong", value: pong } }));
        return undefined;
      }
      case "pong":
        return undefined;
      case "drain":
        return this.#drain(kind.value);
      case "close": {
        const note = `it closed the channel: ${JSON.stringify(kind.value.message.slice(0, 200))} (${JSON.stringify(kind.value.reason.slice(0, 64))})`;
        channel.close({ reason: "INSTANCE_DRAINING", facts: {} }, note);
        return undefined;
      }
      case "capacity":
        return this.#capacity(kind.value);
      case "health":
        channel.setServing(kind.value.status !== Health_Status.NOT_SERVING);
        return undefined;
      case "load":
        channel.load = toCandidateLoad(kind.value);
        channel.loadMs = this.#clock.lastMs;
        return undefined;
      case "traits": {
        const problem = findLabelProblem(kind.value.labels);
        if (problem !== undefined) return { reason: "FRAME_MALFORMED", facts: { detail: problem } };
        channel.setTraits(labelsOf(kind.value), weightOf(kind.value));
        return undefined;
      }
      case "previous":
        return channel.onPrevious(kind.value);
      case "hello":
        return { reason: "CALL_STATE", facts: { call: 0, detail: "a hello must come first and once" } };
      default:
        return control.critical ? { reason: "CONTROL_UNKNOWN", facts: {} } : undefined;
    }
  }

  #drain({ lastCallId }: Drain): ChannelFault | undefined {
    const channel = this.#channel;
    const last = Number(lastCallId);
    if (last > channel.lastCallId || last < channel.acceptedThrough) {
      const detail = `last_call_id must be from ${channel.acceptedThrough} to ${channel.lastCallId}, received ${last}`;
      return { reason: "CALL_STATE", facts: { call: 0, detail } };
    }
    channel.instanceDrains(last);
    return undefined;
  }

  #capacity({ calls, token }: Capacity): ChannelFault | undefined {
    if (!this.#capacityRate.take(this.#clock.lastMs)) {
      return { reason: "CONTROL_FLOOD", facts: { kind: "capacity", limit: `${MAX_CAPACITY_PER_SECOND} a second` } };
    }
    this.#channel.setCapacity(calls, token);
    return undefined;
  }
}
