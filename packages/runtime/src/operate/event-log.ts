// SPDX-License-Identifier: Apache-2.0
import type { Logger, LogLevel } from "@grpc-router/protocol";
import { maxEventTextChars, maxKeptEvents } from "../limits.js";
import { EventRing } from "./event-ring.js";

/** Lines of the log that are events: rare ones, that say what has changed. Those of single calls are not among them. */
const kinds: ReadonlySet<string> = new Set([
  // who is there
  "registered",
  "method_refused",
  "drained",
  "lost",
  "credential_expired",
  // what policies did
  "ejected",
  "restored",
  "breaker_opened",
  "breaker_closed",
  // the router itself
  "listening",
  "draining",
  "grace_over",
  "memory_exhausted",
  "memory_available",
  "certificates_reloaded",
  "certificates_kept",
  "certificate_expired",
  "credentials_reloaded",
  "credentials_kept",
  "services_changed",
  "services_kept",
  "service_learnt",
]);

/** Beginnings of further ones: of the configuration, and of what operators did. */
const prefixes = ["config_", "operator_"];

/** A log that keeps the events among its lines, whatever level the log itself is written at. */
export class EventLog implements Logger {
  readonly events = new EventRing(maxKeptEvents);
  readonly #logger: Logger;
  readonly #wallMs: () => number;

  /** `wallMs`: milliseconds since 1970. */
  constructor(logger: Logger, wallMs: () => number) {
    this.#logger = logger;
    this.#wallMs = wallMs;
  }

  log(level: LogLevel, event: string, message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#logger.log(level, event, message, fields);
    if (!kinds.has(event) && !prefixes.some((prefix) => event.startsWith(prefix))) return;
    this.events.append({
      timeMs: this.#wallMs(),
      kind: event,
      level,
      message: message.slice(0, maxEventTextChars),
      fields: textsOf(fields),
    });
  }
}

function textsOf(fields: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) texts[name] = String(value).slice(0, maxEventTextChars);
  }
  return texts;
}
