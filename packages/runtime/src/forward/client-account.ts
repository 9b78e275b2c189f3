// SPDX-License-Identifier: Apache-2.0
import type { Connection, PeerInfo } from "@grpc-router/http2";
import { minTakenShare, overfullFactor } from "../limits.js";
import { noTenant, type TenantDirectory } from "../registry/tenant-directory.js";
import type { ReplayBudget } from "../resilience/replay-budget.js";
import type { RouterCounters } from "../router-counters.js";
import type { CallRecord } from "./call-record.js";
import type { StreamUser } from "./stream-user.js";

/** What the router keeps for one connection at most, and where it is counted. */
export interface ClientBudget {
  /** As `ConnectionSettings.memoryBytes`. */
  readonly memoryBytes: number;
  /** As `ConnectionSettings.headerBytes`. */
  readonly headerBytes: number;
  readonly counters: RouterCounters;
  /** As `RouterOptions.maxReplayBytes`: of all connections. */
  readonly replay: ReplayBudget;
}

/** What one connection makes the router keep and do now. */
export interface ConnectionUsage {
  /** Of the peer. */
  readonly address: string;
  /** Octets kept for its calls; `ConnectionSettings.memoryBytes` bounds them. */
  readonly keptBytes: number;
  /** Of these, metadata; `ConnectionSettings.headerBytes` bounds them. */
  readonly headBytes: number;
  /** Calls that are over for the client while an instance still works on them; they take slots of the connection. */
  readonly lingering: number;
}

/**
 * What one client connection makes the router keep and do: octets of its calls, and calls that are over for the client
 * while an instance still works on them. It outlives the connection as long as such a call refers to it, so it lets go
 * of the connection itself.
 *
 * Over its memory a connection gets no new calls; reading it does not stop, because the window updates that let replies
 * go would wait with all else. The plain fields are raised and lowered where buffers are taken and given; the rules are here.
 */
export class ClientAccount {
  readonly budget: ClientBudget;
  /** Undefined once it is closed. */
  connection: Connection<StreamUser> | undefined;
  /** Octets kept for calls: heads, requests, replies that the client has not taken. */
  keptBytes = 0;
  /** Of these, heads. */
  headBytes = 0;
  /** Calls whose stream is gone while their instance has not confirmed the Cancel. */
  lingering = 0;
  /** Calls with replies that the client has not taken; made when there is one, as most clients take theirs. */
  #holders: Set<CallRecord> | undefined;
  /** Cost of those replies, and how much of such was taken since the last look. */
  #held = 0;
  #taken = 0;
  /** More was held at the last look than may be. */
  #heldTooMuch = false;

  /** Of the peer. */
  readonly address: string;
  /** Names of its verified certificate. */
  readonly identities: readonly string[];
  /** Whose it is by these, and in which directory. */
  #tenant: number = noTenant;
  #directory: TenantDirectory | undefined;

  constructor(
    connection: Connection<StreamUser>,
    budget: ClientBudget,
    { address = "", identities = [] }: Partial<Pick<PeerInfo, "address" | "identities">> = {},
  ) {
    this.address = address;
    this.identities = identities;
    this.connection = connection;
    this.budget = budget;
  }

  /** Over its memory: no new calls, nothing kept for a second try. */
  get isFull(): boolean {
    return this.keptBytes > this.budget.memoryBytes;
  }

  /** Over its memory for metadata: no new calls. */
  get isFullOfHeads(): boolean {
    return this.headBytes > this.budget.headerBytes;
  }

  /** So far over its memory that requests may not grow any more. */
  get isOverfull(): boolean {
    return this.keptBytes > this.budget.memoryBytes * overfullFactor;
  }

  /** The tenant whose connection this is, as far as its certificate tells. */
  tenantOf(directory: TenantDirectory): number {
    if (this.#directory !== directory) {
      this.#directory = directory;
      this.#tenant = directory.ofConnection(this.identities);
    }
    return this.#tenant;
  }

  /** The client's stream is gone, the work is not: its slot stays taken (CVE-2023-44487, CVE-2025-8671). */
  linger(call: CallRecord): void {
    call.lingers = true;
    this.#setLingering(this.lingering + 1);
  }

  /** The work of `call` is over, or nobody waits for it any more. */
  release(call: CallRecord): void {
    if (!call.lingers) return;
    call.lingers = false;
    this.#setLingering(this.lingering - 1);
  }

  /** `call` holds `cost` more of a reply that the client has not taken; its `replyHeld` says so already. */
  hold(call: CallRecord, cost: number): void {
    this.keptBytes += cost;
    this.#held += cost;
    if (call.replyHeld !== cost) return;
    this.#holders ??= new Set();
    this.#holders.add(call);
  }

  /** The client has taken `cost` of it, or will not; its `replyHeld` is what is left. */
  take(call: CallRecord, cost: number): void {
    this.keptBytes -= cost;
    this.#held -= cost;
    this.#taken += cost;
    if (call.replyHeld === 0) this.#holders?.delete(call);
  }

  /**
   * Called about once a second: a client that leaves more unread than its memory has to take a share of it, else the
   * calls that hold most are ended until the rest fits.
   */
  sweep(cutOff: (call: CallRecord) => void): void {
    const taken = this.#taken;
    const heldBefore = this.#heldTooMuch;
    this.#taken = 0;
    this.#heldTooMuch = this.#held > this.budget.memoryBytes;
    // Only what stays is a fault: large replies that come at once fill any memory for a moment.
    if (!heldBefore || taken >= this.#held * minTakenShare) return;
    while (this.#held > this.budget.memoryBytes) {
      const largest = this.#largest();
      if (largest === undefined) return;
      this.#holders?.delete(largest);
      cutOff(largest);
    }
  }

  /** The connection is gone; calls may go on. */
  close(): void {
    this.connection = undefined;
  }

  #setLingering(count: number): void {
    this.lingering = count;
    if (this.connection !== undefined) this.connection.lingering = count;
  }

  #largest(): CallRecord | undefined {
    let largest: CallRecord | undefined;
    for (const call of this.#holders ?? []) if (call.replyHeld > (largest?.replyHeld ?? 0)) largest = call;
    return largest;
  }
}
