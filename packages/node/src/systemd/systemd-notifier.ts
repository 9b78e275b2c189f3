// SPDX-License-Identifier: Apache-2.0

import type { Logger } from "@grpc-router/protocol";
import { firstLine, systemCode } from "../node-error.js";
import { runSystemdNotify } from "./run-systemd-notify.js";

/** Tells the service manager how it stands with this process. Nothing here throws or waits, save `close`. */
export interface SystemdNotifier {
  /** The service takes calls; also the end of a reload. */
  ready(status: string): void;
  /** Files are being read again; `ready` must follow. */
  reloading(): void;
  /** What `systemctl status` shows; of several that wait, the last one counts. */
  status(status: string): void;
  /** The service is about to end. */
  stopping(status: string): void;
  /** Stops the watchdog's signs of life; resolves when everything is said. */
  close(): Promise<void>;
}

/** Where a notifier learns whom to tell, and by what it does. */
export interface SystemdNotifierOptions {
  readonly logger: Logger;
  /** Default: `process.env`, of which NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID count. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Sends the assignments of one message. Default: the program `systemd-notify`. */
  readonly send?: ((message: readonly string[]) => Promise<void>) | undefined;
}

/**
 * Makes what tells systemd, or whoever else has set NOTIFY_SOCKET, that the service is ready, reloads, stops and lives
 * (sd_notify(3)); without NOTIFY_SOCKET it does nothing. With WATCHDOG_USEC it gives a sign of life twice in that time,
 * from a timer, so a process whose loop stands still gives none.
 *
 * NOTIFY_SOCKET is a datagram socket, which Node cannot open; messages go through the program `systemd-notify`, which is
 * wherever systemd is. A unit therefore needs `NotifyAccess=all`.
 *
 * @example
 * const notifier = createSystemdNotifier({ logger });
 * notifier.ready(`Routing on ${server.url}`);
 */
export function createSystemdNotifier({ logger, env = process.env, send }: SystemdNotifierOptions): SystemdNotifier {
  const socket = env.NOTIFY_SOCKET ?? "";
  if (socket === "") return silent;
  return new QueuedNotifier(logger, send ?? ((message) => runSystemdNotify(message, env)), watchdogMs(env));
}

const silent: SystemdNotifier = {
  ready: () => {},
  reloading: () => {},
  status: () => {},
  stopping: () => {},
  close: () => Promise.resolve(),
};

class QueuedNotifier implements SystemdNotifier {
  readonly #logger: Logger;
  readonly #send: (message: readonly string[]) => Promise<void>;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Messages in the order of their events: each a list of assignments. */
  readonly #queue: (readonly string[])[] = [];
  #sending: Promise<void> | undefined;
  /** The service manager cannot be told anything. */
  #isMute = false;

  constructor(logger: Logger, send: (message: readonly string[]) => Promise<void>, everyMs: number | undefined) {
    this.#logger = logger;
    this.#send = send;
    if (everyMs !== undefined) this.#timer = setInterval(() => this.#say(["WATCHDOG=1"]), everyMs).unref();
  }

  ready(status: string): void {
    // systemd follows this process even if it was started by another, such as a shell or npx.
    this.#say(["READY=1", `MAINPID=${process.pid}`, statusOf(status)]);
  }

  reloading(): void {
    // Node's clock is CLOCK_MONOTONIC on Linux, as sd_notify(3) asks.
    this.#say(["RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`]);
  }

  status(status: string): void {
    this.#say([statusOf(status)]);
  }

  stopping(status: string): void {
    this.#say(["STOPPING=1", statusOf(status)]);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
  }

  #say(message: readonly string[]): void {
    if (this.#isMute) return;
    // A status, or a sign of life, that nobody has heard yet needs no second one beside it.
    const same = this.#queue.findIndex((waiting) => waiting.length === 1 && nameOf(waiting) === nameOf(message));
    if (same >= 0 && message.length === 1) this.#queue.splice(same, 1);
    this.#queue.push(message);
    this.#sending ??= this.#drain();
  }

  async #drain(): Promise<void> {
    for (let message = this.#queue.shift(); message !== undefined; message = this.#queue.shift()) {
      try {
        await this.#send(message);
      } catch (error) {
        this.#failed(message, error);
      }
    }
    this.#sending = undefined;
  }

  #failed(message: readonly string[], error: unknown): void {
    const isMissing = systemCode(error) === "ENOENT";
    const why = isMissing ? "the program systemd-notify must be on PATH, it is not" : firstLine(error);
    const text = `Cannot tell the service manager ${nameOf(message)}: ${why}`;
    this.#logger.log("warn", "notify_failed", text);
    if (!isMissing) return;
    this.#isMute = true;
    this.#queue.length = 0;
    clearInterval(this.#timer);
  }
}

/** `STATUS=…`, on one line: a message is split at line ends. */
function statusOf(text: string): string {
  return `STATUS=${text.replaceAll(/\s+/g, " ")}`;
}

function nameOf([first = ""]: readonly string[]): string {
  return first.replace(/=.*$/s, "");
}

/** Half the time in which signs of life are expected (sd_watchdog_enabled(3)); undefined if none are, of this process. */
function watchdogMs(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const { WATCHDOG_USEC: text = "", WATCHDOG_PID: pid } = env;
  const usec = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (usec === 0 || (pid !== undefined && pid !== String(process.pid))) return undefined;
  return Math.min(Math.max(1, Math.floor(usec / 2_000)), 2 ** 31 - 1);
}
