// SPDX-License-Identifier: Apache-2.0

import type { Logger, SystemdNotifier } from "@grpc-router/node";
import { CliError, ExitCode } from "../cli-error.js";
import { describeInFlight, type Work } from "./describe-in-flight.js";
import type { StatusLine } from "./status-line.js";

/** Milliseconds between changes of a terminal's status line: it counts down. */
const SHOW_EVERY_MS = 1_000;

/** Milliseconds between lines of the log: who reads them reads many. */
const LOG_EVERY_MS = 5_000;

/** A process that is to stop in good order. */
export interface Stop {
  /** What is still to be done. */
  readonly work: () => Work;
  /** Lets it end, for `graceMs`; resolves with the number of calls that were cut. */
  readonly drain: () => Promise<number>;
  readonly graceMs: number;
  readonly logger: Logger;
  readonly notifier: SystemdNotifier;
  /** Undefined: no terminal. */
  readonly line: StatusLine | undefined;
}

/**
 * Drains, and says meanwhile what is in flight: on a terminal every second in one line, else in the log, at once and
 * every 5 s; the service manager is told, too.
 *
 * @throws CliError `callsCut` when calls outlived the grace.
 */
export async function stopInOrder({ work, drain, graceMs, logger, notifier, line }: Stop): Promise<void> {
  const endMs = performance.now() + graceMs;
  const text = (): string => {
    const left = Math.max(0, Math.ceil((endMs - performance.now()) / 1_000));
    return `Stopping: ${describeInFlight(work())}, ${left} s left`;
  };
  const tell = (): void => {
    const now = text();
    notifier.status(now);
    if (line === undefined) logger.log("info", "stopping", now);
    else line.show(`${now}; again to end at once`);
  };
  notifier.stopping(text());
  tell();
  const timer = setInterval(tell, line === undefined ? LOG_EVERY_MS : SHOW_EVERY_MS);
  try {
    const cut = await drain();
    if (cut === 0) return;
    const calls = cut === 1 ? "1 call" : `${cut} calls`;
    const grace = `${graceMs / 1_000} s`;
    throw new CliError(
      ExitCode.callsCut,
      `Stopped, but ${calls} had not ended within ${grace} and got UNAVAILABLE. Give them longer with --grace`,
    );
  } finally {
    clearInterval(timer);
    line?.show("");
    await notifier.close();
  }
}
