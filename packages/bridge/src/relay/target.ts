// SPDX-License-Identifier: Apache-2.0

import {
  createFlusher,
  type Flusher,
  type Limits,
  type Timer,
  type Transport,
  type TransportSink,
} from "@grpc-router/http2";
import { afterReading } from "../after-reading.js";
import {
  MAX_KEPT_REQUESTS_BYTES,
  MAX_TARGET_CONNECTIONS,
  STABLE_AFTER_MS,
  TARGET_IDLE_MS,
  TARGET_SETTLE_MS,
} from "../limits.js";
import type { BridgePorts, Dialer } from "../ports.js";
import { Backoff } from "../register/backoff.js";
import { describeWait, ordinal } from "../register/describe-wait.js";
import { KeptBytes } from "./kept-bytes.js";
import { TargetLink, type TargetLinkOwner } from "./target-link.js";

/** The server behind a relay. */
export interface TargetAddress {
  /** `http://host:port` or `https://host:port`: scheme and authority of its calls, and for the log. */
  readonly url: string;
  /** Opens one connection to it. */
  readonly dial: Dialer;
  /** Limits of HTTP/2 on its connections other than the defaults. */
  readonly limits?: Partial<Limits>;
}

/** What waits for a connection to the target. */
export interface TargetUser {
  /** Still wants one. */
  readonly isWanted: boolean;
  /** Here it is: `link.isUsable`. */
  open(link: TargetLink): void;
  /** There is none, and none in sight. */
  unreachable(): void;
}

/** Who hears whether the target can be reached. */
export interface TargetWatcher {
  /** A connection stands where none did. */
  onUp(): void;
  /** No connection stands. */
  onDown(why: string): void;
}

/** The making of a connection. */
type Attempt =
  | { readonly kind: "none" }
  | { readonly kind: "dialling"; readonly dial: { cancel(): void } }
  /** The byte stream stands; the target has not answered our SETTINGS. */
  | { readonly kind: "settling"; readonly link: TargetLink; readonly timer: Timer }
  /** Until the next one. */
  | { readonly kind: "waiting"; readonly timer: Timer };

/** What a target needs from outside. */
export type TargetPorts = Pick<BridgePorts, "scheduler" | "random" | "logger">;

/**
 * The connections to the server behind a relay: one stands always, or is dialled again with backoff; more come when the
 * streams of those that stand are used up, and go when nobody needs them.
 */
export class Target implements TargetLinkOwner {
  readonly url: string;
  /** What calls keep to send again, together. */
  readonly kept: KeptBytes = new KeptBytes(MAX_KEPT_REQUESTS_BYTES);
  /** Set before `start`. */
  watcher: TargetWatcher | undefined;
  readonly #address: TargetAddress;
  readonly #ports: TargetPorts;
  readonly #flusher: Flusher;
  readonly #backoff: Backoff;
  /** Every connection that is not gone. */
  readonly #links = new Set<TargetLink>();
  /** In the order in which they came. */
  readonly #waiting = new Set<TargetUser>();
  #attempt: Attempt = { kind: "none" };
  /** Whether a connection stands, as far as the watcher knows; undefined: it has heard nothing yet. */
  #isUp: boolean | undefined;
  #isClosed = false;

  constructor(address: TargetAddress, ports: TargetPorts) {
    this.url = address.url;
    this.#address = address;
    this.#ports = ports;
    this.#flusher = createFlusher(ports.scheduler);
    this.#backoff = new Backoff(() => ports.random());
  }

  /** Dials for the first time. */
  start(): void {
    this.#startDial();
  }

  /** Gives `user` a connection: now, when there is room on one, or not at all. */
  admit(user: TargetUser): void {
    if (!this.#isReachable) {
      user.unreachable();
      return;
    }
    this.#waiting.add(user);
    this.#serveWaiting();
    this.#wantLink();
  }

  /** As `admit`, after the events at hand: whether the connection stands whose stream has just ended is told by those. */
  readmit(user: TargetUser): void {
    this.#ports.scheduler.defer(() => {
      if (user.isWanted) this.admit(user);
    });
  }

  /** Runs `task` once after `delayMs`. */
  after(delayMs: number, task: () => void): Timer {
    return this.#ports.scheduler.after(delayMs, task);
  }

  /** Waits between attempts of something that has failed. */
  createBackoff(): Backoff {
    return new Backoff(() => this.#ports.random());
  }

  /** A connection with room for one more stream. */
  get usable(): TargetLink | undefined {
    for (const link of this.#links) if (link.isUsable) return link;
    return undefined;
  }

  /** Ends every connection; nobody is given one any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopAttempt();
    for (const link of this.#links) link.close();
    this.#refuseWaiting();
  }

  onLinkReady(link: TargetLink): void {
    if (this.#attempt.kind === "settling" && this.#attempt.link === link) this.#stopAttempt();
    if (this.#isUp !== true) {
      this.#isUp = true;
      this.#log("info", "target_connected", `Connected to ${this.url}`);
      this.watcher?.onUp();
    }
    this.onLinkRoom();
  }

  onLinkRoom(): void {
    if (this.#waiting.size === 0) return;
    this.#serveWaiting();
    this.#wantLink();
  }

  onLinkTick(link: TargetLink): void {
    for (const user of this.#waiting) if (!user.isWanted) this.#waiting.delete(user);
    this.onLinkRoom();
    const isSpare = [...this.#links].some((other) => other !== link && other.isReady);
    if (isSpare && link.isReady && link.idleMs >= TARGET_IDLE_MS) link.retire("not needed any more");
  }

  onLinkRetired(link: TargetLink, why: string): void {
    if (this.#isClosed) return;
    if (this.#attempt.kind === "settling" && this.#attempt.link === link) {
      this.#stopAttempt();
      this.#dialLater(sentence(`Cannot use ${this.url}`, why), why);
    } else if (!this.#hasReady && this.#attempt.kind === "none") this.#replace(link, why);
  }

  onLinkClosed(link: TargetLink, why: string): void {
    this.#links.delete(link);
    if (!this.#isClosed && !this.#hasReady) this.#goDown(why);
  }

  get #hasReady(): boolean {
    for (const link of this.#links) if (link.isReady) return true;
    return false;
  }

  /** A connection stands, or one is being made. */
  get #isReachable(): boolean {
    if (this.#isClosed) return false;
    return this.#attempt.kind === "dialling" || this.#attempt.kind === "settling" || this.#hasReady;
  }

  #serveWaiting(): void {
    for (const user of this.#waiting) {
      const link = this.usable;
      if (link === undefined) return;
      this.#waiting.delete(user);
      if (user.isWanted) user.open(link);
    }
  }

  #refuseWaiting(): void {
    const users = [...this.#waiting];
    this.#waiting.clear();
    for (const user of users) if (user.isWanted) user.unreachable();
  }

  /** Somebody waits though connections stand: one more, as long as there are not too many. */
  #wantLink(): void {
    if (this.#waiting.size === 0 || this.#isClosed || this.#attempt.kind !== "none") return;
    if (this.#links.size >= MAX_TARGET_CONNECTIONS) return;
    // What the target does not allow there it will not allow on another one either.
    for (const link of this.#links) if (link.isBarred) return;
    this.#startDial();
  }

  /**
   * The last connection that took streams leaves, or is lost: another one at once, unless it stood for a short time only,
   * and not for the first time.
   */
  #replace(link: TargetLink, why: string): void {
    const stoodMs = this.#ports.scheduler.nowMs() - link.readyMs;
    this.#backoff.stood(stoodMs);
    const message = sentence(`Lost ${this.url}`, why);
    if (stoodMs < STABLE_AFTER_MS && this.#backoff.failures > 0) {
      this.#dialLater(message, why);
      return;
    }
    if (stoodMs < STABLE_AFTER_MS) this.#backoff.next(); // counted, not waited for
    this.#log("info", "target_lost", `${message}. Connecting again`);
    this.#startDial();
  }

  #startDial(): void {
    let isDone = false;
    const dial = this.#address.dial({
      connected: (transport) => {
        isDone = true;
        return this.#onConnected(transport);
      },
      failed: (error) => {
        isDone = true;
        this.#attempt = { kind: "none" };
        this.#dialLater(sentence(`Cannot reach ${this.url}`, error.message), error.message);
      },
    });
    // A dialler may answer at once.
    if (!isDone) this.#attempt = { kind: "dialling", dial };
  }

  #onConnected(transport: Transport): TransportSink {
    const { url, limits } = this.#address;
    const link = new TargetLink({ transport, flusher: this.#flusher, owner: this, url, limits });
    this.#links.add(link);
    const timer = afterReading(this.#ports.scheduler, TARGET_SETTLE_MS, () =>
      link.close("it did not answer as HTTP/2 in time"),
    );
    this.#attempt = { kind: "settling", link, timer };
    return link.sink;
  }

  #dialLater(message: string, why: string): void {
    const waitMs = this.#backoff.next();
    const count = this.#backoff.failures;
    const text = `${message}. Trying again in ${describeWait(waitMs)} (${ordinal(count)} time)`;
    this.#log("warn", "target_unreachable", text);
    const timer = this.#ports.scheduler.after(waitMs, () => this.#startDial());
    this.#attempt = { kind: "waiting", timer };
    if (!this.#hasReady) this.#goDown(why);
  }

  /** No connection stands. Calls that wait go on waiting only if one is being made. */
  #goDown(why: string): void {
    if (this.#isUp !== false) {
      this.#isUp = false;
      this.watcher?.onDown(why);
    }
    if (!this.#isReachable) this.#refuseWaiting();
  }

  #stopAttempt(): void {
    const attempt = this.#attempt;
    this.#attempt = { kind: "none" };
    if (attempt.kind === "dialling") attempt.dial.cancel();
    else if (attempt.kind !== "none") attempt.timer.cancel();
  }

  #log(level: "info" | "warn", event: string, message: string): void {
    this.#ports.logger.log(level, event, message, { target: this.url });
  }
}

/** `reason` behind `start`, unless it is a whole sentence, as of a dialler. */
function sentence(start: string, reason: string): string {
  return reason.startsWith("Cannot ") ? reason : `${start}: ${reason}`;
}
