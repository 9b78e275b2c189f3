// SPDX-License-Identifier: Apache-2.0

import type { Timer } from "@grpc-router/http2";
import type { Logger } from "@grpc-router/protocol";
import { TARGET_HEALTH_WITHIN_MS } from "../limits.js";
import type { HealthSource, HealthState } from "../register/health-source.js";
import { SettableHealth } from "../register/settable-health.js";
import { type HealthAnswer, HealthWatch } from "./health-watch.js";
import type { Target, TargetWatcher } from "./target.js";

/** The name under which a server answers for itself as a whole. */
const WHOLE = "";
const SERVING: HealthState = { serving: true, note: "" };
const NOT_SERVING: HealthState = { serving: false, note: "the server says NOT_SERVING" };
const FAILING: HealthState = { serving: false, note: "the server's health check fails" };
const NOT_KNOWN: HealthState = { serving: false, note: "the server's health is not known yet" };

/**
 * What the router is told of the target's services: that they serve while a connection stands and the target does not
 * say otherwise by grpc.health.v1, for the service or, if it does not know that name, for the server as a whole.
 */
export class TargetHealth implements TargetWatcher {
  readonly #target: Target;
  readonly #logger: Logger;
  readonly #watches: readonly HealthWatch[];
  readonly #services: readonly ServiceHealth[];
  readonly #answers = new Map<string, HealthAnswer>();
  /** Undefined: a connection stands. */
  #down: HealthState | undefined = NOT_KNOWN;
  /** Said on this connection that it tells no health. */
  #hasToldUnknown = false;
  #onKnown: (() => void) | undefined;
  #patience: Timer | undefined;

  /** `onKnown` is called once, when the health of all services is known for the first time. */
  constructor(target: Target, serviceNames: readonly string[], logger: Logger, onKnown: () => void) {
    this.#target = target;
    this.#logger = logger;
    this.#onKnown = onKnown;
    this.#services = serviceNames.map((name) => new ServiceHealth(name));
    this.#watches = [WHOLE, ...serviceNames].map((name) => {
      return new HealthWatch(target, name, (answer) => this.#answered(name, answer));
    });
  }

  /** The health of one of the services that this was made for. */
  of(name: string): HealthSource {
    const service = this.#services.find((each) => each.name === name);
    if (service === undefined) throw new Error(`Cannot watch ${name}: it must be one of the relay's services`);
    return service;
  }

  onUp(): void {
    this.#down = undefined;
    this.#answers.clear();
    this.#hasToldUnknown = false;
    for (const watch of this.#watches) watch.start();
    this.#patience = this.#target.after(TARGET_HEALTH_WITHIN_MS, () => {
      for (const { name } of [{ name: WHOLE }, ...this.#services]) {
        if (this.#answers.has(name)) continue;
        this.#answers.set(name, "none");
        this.#tellUnknown();
      }
      this.#judge();
    });
    this.#judge();
  }

  onDown(why: string): void {
    this.stop();
    this.#down = { serving: false, note: why };
    this.#judge();
  }

  stop(): void {
    this.#patience?.cancel();
    for (const watch of this.#watches) watch.stop();
  }

  #answered(name: string, answer: HealthAnswer): void {
    if (this.#down !== undefined || this.#answers.get(name) === answer) return;
    this.#answers.set(name, answer);
    if (answer === "none") this.#tellUnknown();
    this.#judge();
  }

  #judge(): void {
    for (const service of this.#services) {
      const before = service.state;
      service.set(this.#down ?? this.#stateOf(service.name));
      const isNews = before !== service.state;
      if (isNews && this.#down === undefined) this.#tell(service);
    }
    if (this.#services.some(({ state }) => state === NOT_KNOWN)) return;
    this.#onKnown?.();
    this.#onKnown = undefined;
  }

  #stateOf(name: string): HealthState {
    const answer = this.#answers.get(name);
    if (answer === "serving") return SERVING;
    if (answer === "notServing") return NOT_SERVING;
    if (answer === "failing") return FAILING;
    const whole = this.#answers.get(WHOLE);
    if (answer === undefined || whole === undefined) return NOT_KNOWN;
    if (whole === "failing") return FAILING;
    return whole === "notServing" ? NOT_SERVING : SERVING;
  }

  #tellUnknown(): void {
    if (this.#hasToldUnknown) return;
    this.#hasToldUnknown = true;
    const { url } = this.#target;
    const text = `${url} does not tell its health (grpc.health.v1): it counts as serving while it is connected`;
    this.#logger.log("info", "target_health_unknown", text, { target: url });
  }

  #tell({ name, state: { serving, note } }: ServiceHealth): void {
    if (serving) this.#logger.log("info", "target_serving", `${name} takes calls`, { service: name });
    else this.#logger.log("info", "target_not_serving", `${name} takes no calls: ${note}`, { service: name });
  }
}

/** The health of one service. */
class ServiceHealth extends SettableHealth {
  readonly name: string;

  constructor(name: string) {
    super(NOT_KNOWN);
    this.name = name;
  }

  override set(state: HealthState): void {
    // It takes no calls as before; the old reason says more.
    if (state === NOT_KNOWN && !this.state.serving) return;
    super.set(state);
  }
}
