// SPDX-License-Identifier: Apache-2.0
import { StatusCode } from "@grpc-router/protocol";
import { LabelSets, noLabelSet } from "./label-sets.js";
import { MethodMetrics, type SeriesRoom, ServiceMetrics } from "./method-metrics.js";
import type { MetricsSettings } from "./metrics-settings.js";

/** What gRFC A66 calls a method that is not there: paths are the client's to invent. */
const other = "other";

/** What a router counts of calls while they pass, by method. Everything else is read where it is when somebody asks. */
export class RouterMetrics {
  readonly labelSets: LabelSets;
  readonly #room: SeriesRoom = { taken: 0 };
  readonly #services = new Map<string, ServiceMetrics>();
  readonly #unknown: MethodMetrics;

  constructor({ instanceLabels = [] }: MetricsSettings = {}) {
    this.labelSets = new LabelSets(instanceLabels);
    const service = new ServiceMetrics(other, this.#room);
    this.#unknown = new MethodMetrics(service, other);
  }

  /** A call of a path that leads nowhere, which is answered at once. */
  countUnknown(): void {
    this.#unknown.started++;
    this.#unknown.countCall(StatusCode.unimplemented, noLabelSet, 0);
    this.#unknown.seriesOfCalls(StatusCode.unimplemented).record(0, 0, 0);
  }

  /** Where the calls of this service are counted, by its full name. */
  service(name: string): ServiceMetrics {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const service = new ServiceMetrics(name, this.#room);
    this.#services.set(name, service);
    return service;
  }

  /** Calls of the service are no longer told: peers may have invented its name. Should it come again, it begins anew. */
  forget(name: string): void {
    this.#services.get(name)?.leave();
    this.#services.delete(name);
  }

  /** All methods of services. */
  get methods(): readonly MethodMetrics[] {
    return [...this.#services.values()].flatMap(({ methods }) => [...methods]);
  }

  /** The paths that lead nowhere. */
  get unknown(): MethodMetrics {
    return this.#unknown;
  }
}
