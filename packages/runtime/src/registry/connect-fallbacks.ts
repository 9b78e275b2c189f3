// SPDX-License-Identifier: Apache-2.0
import { RouterError } from "../router-error.js";
import type { MethodRoute } from "./method-route.js";
import type { ServiceEntry } from "./service-entry.js";

/**
 * Finds the methods that fallbacks name, among all that is routed.
 *
 * @throws RouterError INVALID_SETTING for one that is not there or takes and gives other messages.
 */
export function connectFallbacks(services: ReadonlyMap<string, ServiceEntry>): void {
  for (const service of services.values()) {
    for (const route of service.allRoutes) {
      const name = route.policy?.fallback?.service;
      if (name !== undefined) route.fallback = findFallback(route, name, services);
    }
  }
}

function findFallback(route: MethodRoute, name: string, services: ReadonlyMap<string, ServiceEntry>): MethodRoute {
  const target = services.get(name)?.route(route.name);
  const refuse = (problem: string) =>
    new RouterError("INVALID_SETTING", `Cannot route ${route.path.slice(1)}: fallback.service must be ${problem}`);
  if (target === undefined) throw refuse(`a routed service with a method ${route.name}, received ${name}`);
  const [own, other] = [describe(route), describe(target)];
  if (own !== other) throw refuse(`one whose ${route.name} is ${own}, and that of ${name} is ${other}`);
  return target;
}

function describe({ desc }: MethodRoute): string {
  return `${desc.methodKind} from ${desc.input.typeName} to ${desc.output.typeName}`;
}
