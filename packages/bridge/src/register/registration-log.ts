// SPDX-License-Identifier: Apache-2.0

import type { LogLevel, Welcome } from "@grpc-router/protocol";
import type { ChannelEnd } from "../channel/channel-end.js";
import type { ServedService } from "../dispatch/served-service.js";
import { describeWait } from "./describe-wait.js";
import type { RegistrationHost } from "./registration.js";

/** What people read about one service's registration. */
export class RegistrationLog {
  readonly #service: ServedService;
  readonly #host: RegistrationHost;

  constructor(service: ServedService, host: RegistrationHost) {
    this.#service = service;
    this.#host = host;
  }

  /** `Registered acme.user.v1.UserService (4 methods) at http://localhost:8080 as users-1`, and what was refused. */
  registered(welcome: Welcome): void {
    const { methods, name } = this.#service;
    const { instanceId } = this.#host.identity;
    const served = methods.length - welcome.refused.length;
    const count = `${served} ${served === 1 ? "method" : "methods"}`;
    this.#say("info", "registered", `Registered ${name} (${count}) at ${this.#host.routerName} as ${instanceId}`);
    for (const refusal of welcome.refused) {
      const method = this.#service.byNumber.get(refusal.number)?.desc.name ?? `number ${refusal.number}`;
      const why = refusal.message === "" ? refusal.reason : `${refusal.message} (${refusal.reason})`;
      this.#say("warn", "method_refused", `Cannot serve ${name}/${method}: ${why}. The other methods are served`);
    }
  }

  /** `Cannot register …: the instance must show a credential that the router knows, received none (CREDENTIAL_INVALID). … Next attempt in 60 s`. */
  refused(end: ChannelEnd, waitMs: number): void {
    const reason = end.reason === "" || end.message.includes(end.reason) ? "" : ` (${end.reason})`;
    const text = sentence(end.message + reason, `Cannot register ${this.#service.name}: `);
    this.#say("error", "refused", `${text} Next attempt in ${describeWait(waitMs)}`, end);
    this.#host.onTrouble(text, waitMs);
  }

  /** The channel ended though its connection stands. */
  lost(end: ChannelEnd, waitMs: number): void {
    const text = sentence(end.message, `Lost the registration of ${this.#service.name}: `);
    this.#say("warn", "registration_lost", `${text} Registering again in ${describeWait(waitMs)}`, end);
    this.#host.onTrouble(text, waitMs);
  }

  /** Another process has the id now. */
  superseded(): void {
    const { name } = this.#service;
    const { instanceId } = this.#host.identity;
    const text = `Another process has registered ${name} as ${instanceId}: this one finishes its calls and leaves. Give each process an id of its own`;
    this.#say("warn", "superseded", text);
    this.#host.onTrouble(text, 0);
  }

  /** The router takes no more calls for the channel. */
  drained(reason: string): void {
    const { name } = this.#service;
    this.#say("info", "router_drains", `The router drains ${name} (${reason}): registering anew, open calls go on`);
  }

  #say(level: LogLevel, event: string, message: string, end?: ChannelEnd): void {
    const fields = {
      service: this.#service.name,
      router: this.#host.routerName,
      ...(end && { code: end.code, reason: end.reason }),
    };
    this.#host.ports.logger.log(level, event, message, fields);
  }
}

/** `text` as a sentence that begins with `start`, unless it does already. */
function sentence(text: string, start: string): string {
  const whole = text.startsWith("Cannot ") ? text : start + text;
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}
