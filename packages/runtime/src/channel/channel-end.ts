// SPDX-License-Identifier: Apache-2.0
import { endStream, noTemplate, trailersOk } from "../forward/answer.js";
import { CallState } from "../forward/call-state.js";
import type { Forwarder } from "../forward/forwarder.js";
import { quote } from "../registry/quote.js";
import { factsOfUnknown } from "../registry/unknown-service.js";
import { createRouterStatus } from "../status/router-status.js";
import type { Channel, ChannelParts } from "./channel.js";
import { type ChannelFault, statusOfFault } from "./channel-fault.js";
import type { ChannelOwner } from "./channel-owner.js";
import { ChannelState } from "./channel-state.js";

/** Why a router drains a channel. */
export type DrainReason = "ROUTER_DRAINING" | "SUPERSEDED" | "CREDENTIAL_EXPIRED" | "SERVICE_UNKNOWN";

const drainReasons: readonly DrainReason[] = ["ROUTER_DRAINING", "SUPERSEDED", "CREDENTIAL_EXPIRED", "SERVICE_UNKNOWN"];

/** Whether a channel that ended for this reason was drained by the router. */
export function isDrainReason(reason: string): reason is DrainReason {
  return drainReasons.some((known) => known === reason);
}

const nothing = new Uint8Array(0);

/** Everything that ends a channel, and what becomes of its calls then (docs/channel.md sections 4 and 7). */
export class ChannelEnd {
  readonly #channel: Channel;
  readonly #forwarder: Forwarder;
  readonly #owner: ChannelOwner;
  readonly #holdLostMs: number;

  constructor(channel: Channel, { forwarder, owner, holdLostMs = 0 }: ChannelParts) {
    this.#channel = channel;
    this.#forwarder = forwarder;
    this.#owner = owner;
    this.#holdLostMs = holdLostMs;
  }

  /** For a reason, which the instance is told; calls go by the lost rule. */
  close(fault: ChannelFault, note?: string): void {
    if (this.#isOver) return;
    this.#forwarder.context.counters.reasons[fault.reason]++;
    const status = statusOfFault(fault);
    this.#stop();
    this.#tell(status.literals);
    this.#lose(fault, note ?? status.message);
  }

  /** The stream is gone without a word. */
  connectionLost(): void {
    if (this.#isOver) return;
    this.#stop();
    this.#lose(undefined, "its connection was lost");
  }

  /** The instance has ended its side: in good order after a drain with no call left, else the channel is lost. */
  halfClosed(): void {
    const channel = this.#channel;
    if (this.#isOver) return;
    if (channel.state !== ChannelState.draining || channel.openCalls > 0) {
      this.close({ reason: "INSTANCE_DRAINING", facts: {} }, "it ended its stream without draining");
      return;
    }
    this.#stop();
    endStream(channel.connection, channel.stream, trailersOk, nothing);
    this.#lose(undefined, "drained");
  }

  /**
   * The instance has given the channel up and states its fate (Previous): nothing above `acceptedThrough` ran or will,
   * which is proof for those calls; all others go by the lost rule.
   */
  giveUp(acceptedThrough: number): void {
    const channel = this.#channel;
    if (!this.#isOver) {
      this.#stop();
      this.#tell(createRouterStatus("SUPERSEDED", { instance: channel.instanceId }).literals);
      this.#owner.onClosed(channel, undefined, "its process gave it up for a new channel");
    }
    for (const call of channel.table.list()) {
      if (call.callId > acceptedThrough) this.#forwarder.ending.notRun(call, channel);
      else this.#forwarder.ending.lost(call, channel);
    }
  }

  /** The grace of a drain is over: what still runs is ended for its clients, then the channel. */
  graceOver(reason: DrainReason): void {
    const { table, instanceId: instance, profile } = this.#channel;
    for (const call of table.list()) this.#forwarder.ending.giveUp(call);
    if (reason === "SUPERSEDED") this.close({ reason, facts: { instance } });
    else if (reason === "CREDENTIAL_EXPIRED") this.close({ reason, facts: { principal: quote(profile.principal) } });
    else if (reason === "SERVICE_UNKNOWN") this.close({ reason, facts: factsOfUnknown(this.#channel.service.name) });
    else this.close({ reason, facts: {} });
  }

  get #isOver(): boolean {
    return this.#channel.state === ChannelState.closed;
  }

  /** From here on nothing is read or written, and the engine's word that the stream is over changes nothing. */
  #stop(): void {
    this.#channel.state = ChannelState.closed;
    this.#channel.receiver.stop();
  }

  #tell(literals: Uint8Array): void {
    const { connection, stream } = this.#channel;
    if (!connection.closed && !stream.localEnded) endStream(connection, stream, noTemplate, literals);
  }

  #lose(fault: ChannelFault | undefined, note: string): void {
    const channel = this.#channel;
    const { ending, context } = this.#forwarder;
    this.#owner.onClosed(channel, fault, note);
    // Whoever lost the connection may come back and say what became of its calls; a peer at fault is not believed.
    const holds = this.#holdLostMs > 0 && (fault === undefined || fault.reason === "HEARTBEAT_LOST");
    for (const call of channel.table.list()) {
      if (holds && call.state === CallState.sent) ending.hold(call);
      else ending.lost(call, channel);
    }
    if (channel.openCalls === 0) return;
    this.#owner.onHeld(channel);
    context.clock.after(this.#holdLostMs, () => this.#endHold());
  }

  /** Nobody came: the lost rule. */
  #endHold(): void {
    this.#owner.onReleased(this.#channel);
    for (const call of this.#channel.table.list()) this.#forwarder.ending.lost(call, this.#channel);
  }
}
