// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { Hello } from "@grpc-router/protocol";
import type { GenRouter } from "@grpc-router/protocol/codegenv1";
import type { DescriptorBook } from "../builtin/descriptor-book.js";
import type { HealthBook } from "../builtin/health-book.js";
import { maxLearntMethods, maxLearntServices } from "../limits.js";
import { isRouterError } from "../router-error.js";
import { connectFallbacks } from "./connect-fallbacks.js";
import { isLearnable, learnService } from "./learn-service.js";
import type { PathTable, PathTarget } from "./path-table.js";
import { ServiceEntry, type ServiceParts } from "./service-entry.js";
import { resolveServicePolicies } from "./service-policies.js";
import { type Target, TargetKind } from "./target.js";

/** What a service is made from, without what belongs to a running router. */
export type ServiceSources = Omit<ServiceParts, "waitingEvents" | "policyEvents" | "metrics">;

/** All that a router says of what it routes. */
export interface RouterContract {
  readonly services: ReadonlyMap<string, ServiceSources>;
  /** What its options say of a service that it does not name. */
  sourcesOf(desc: GenRouter<DescService>): ServiceSources;
  /** Whether a service may be learnt from the hello of an instance. */
  learns(service: string): boolean;
}

/** What a change of the services came to: their names. */
export interface ServiceChanges {
  readonly added: readonly string[];
  /** Something of how they are routed is different. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Parts of a `ServiceCatalog`. */
export interface ServiceCatalogParts {
  readonly contract: RouterContract;
  readonly events: Pick<ServiceParts, "waitingEvents" | "policyEvents" | "metrics">;
  readonly routerId: string;
  readonly health: HealthBook;
  readonly descriptors: DescriptorBook;
  /** The paths of the router's own services, after those of all others. */
  readonly ownPaths: readonly PathTarget[];
  readonly paths: PathTable;
}

/**
 * What a running router routes: its services, and everything that is looked up by their names. It changes as a whole, between
 * two calls.
 */
export class ServiceCatalog {
  /** By full name. */
  readonly services = new Map<string, ServiceEntry>();
  /** The keys of `services`. */
  names: readonly string[] = [];
  readonly paths: PathTable;
  readonly #parts: ServiceCatalogParts;
  readonly #learnt = new Set<string>();
  #contract: RouterContract;

  /** @throws RouterError as `Router.validate`. */
  constructor(parts: ServiceCatalogParts) {
    this.#parts = parts;
    this.#contract = parts.contract;
    this.paths = parts.paths;
    for (const sources of parts.contract.services.values()) this.#put(sources);
    this.#connect();
    this.#index();
  }

  /**
   * Routes what `contract` says from now on. Answers what has changed, and the services that are gone, whose channels are
   * still there. What is wrong with the services that it names must have been found before.
   *
   * @throws RouterError DESCRIPTOR_CONFLICT, and INVALID_SETTING for what does not fit a service that was learnt; then all
   * stays as it was.
   */
  replace(contract: RouterContract): { readonly changes: ServiceChanges; readonly gone: readonly ServiceEntry[] } {
    const learnt = this.#learntSources(contract);
    this.#parts.descriptors.replace(Array.from(contract.services.values(), ({ desc }) => desc.service));
    this.#contract = contract;
    const gone = [...this.services.values()].filter(
      ({ name }) => !contract.services.has(name) && !this.#learnt.has(name),
    );
    for (const service of gone) this.#remove(service);
    const added: string[] = [];
    const changed: string[] = [];
    for (const name of contract.services.keys()) this.#learnt.delete(name);
    for (const [name, sources] of [...contract.services, ...learnt]) {
      const isKnown = this.services.has(name);
      const isChanged = this.#put(sources);
      if (!isKnown) added.push(name);
      else if (isChanged) changed.push(name);
    }
    this.#connect();
    this.#index();
    return { changes: { added, changed, removed: gone.map(({ name }) => name) }, gone };
  }

  /** Learns the service of a sound hello, or further methods of one that was learnt before. False: there is nothing to learn, or it may not be. */
  learn({ service: name, methods }: Hello): boolean {
    const former = this.services.get(name);
    if (former !== undefined && !this.#learnt.has(name)) return false;
    if (former === undefined && !(isLearnable(name) && this.#contract.learns(name))) return false;
    const desc = learnService(name, methods, former?.desc.service);
    if (desc === undefined || !this.#makeRoom(name, desc.service.methods.length)) return false;
    try {
      this.#put(this.#contract.sourcesOf(desc));
    } catch (error) {
      // What the router's options or the operator's policies say does not fit these methods.
      if (!isRouterError(error)) throw error;
      return false;
    }
    this.#learnt.add(name);
    this.names = [...this.services.keys()];
    const service = this.services.get(name);
    for (const [path, target] of service === undefined ? [] : targetsOf(service)) this.paths.add(path, target);
    if (former === undefined) this.#parts.health.set(name, false);
    return true;
  }

  /** Whether a service is known from hellos alone. */
  isLearnt(service: string): boolean {
    return this.#learnt.has(service);
  }

  /** What the path of a head leads to now: connections remember what it led to when they saw it first. */
  current({ target, path }: { readonly target: Target | undefined; readonly path: string }): Target | undefined {
    if (target === undefined) return this.paths.lookup(path);
    return target.kind === TargetKind.call && target.retired ? this.paths.lookup(target.path) : target;
  }

  /** What `contract` says of the services that were learnt and that it does not name. @throws RouterError INVALID_SETTING */
  #learntSources(contract: RouterContract): ReadonlyMap<string, ServiceSources> {
    const found = new Map<string, ServiceSources>();
    for (const [name, { desc }] of this.services) {
      if (!this.#learnt.has(name) || contract.services.has(name)) continue;
      const sources = contract.sourcesOf(desc);
      resolveServicePolicies(sources);
      found.set(name, sources);
    }
    return found;
  }

  /** Answers whether the routes of the service are others than before. */
  #put(sources: ServiceSources): boolean {
    const { events, routerId } = this.#parts;
    const parts: ServiceParts = { ...sources, ...events, place: { ...sources.place, routerId } };
    const name = sources.desc.service.typeName;
    const known = this.services.get(name);
    const isChanged = known?.update(parts) ?? true;
    const service = known ?? new ServiceEntry(parts);
    if (known === undefined) this.services.set(name, service);
    return isChanged;
  }

  #remove(service: ServiceEntry): void {
    service.retire();
    this.services.delete(service.name);
    this.#parts.health.remove(service.name);
  }

  /** The service may be learnt with so many methods, if need be in place of others without instances. */
  #makeRoom(name: string, methodCount: number): boolean {
    const others = [...this.services.values()].filter(
      (service) => service.name !== name && this.isLearnt(service.name),
    );
    const leaving: ServiceEntry[] = [];
    let moreServices = others.length + 1 - maxLearntServices;
    let moreMethods = others.reduce((sum, { routes }) => sum + routes.length, methodCount) - maxLearntMethods;
    for (const service of others) {
      if (moreServices <= 0 && moreMethods <= 0) break;
      if (service.channels.size > 0 || service.room.count > 0) continue;
      leaving.push(service);
      moreServices--;
      moreMethods -= service.routes.length;
    }
    if (moreServices > 0 || moreMethods > 0) return false;
    for (const service of leaving) {
      this.#remove(service);
      this.#learnt.delete(service.name);
      this.#parts.events.metrics?.forget(service.name);
    }
    if (leaving.length > 0) this.#index();
    return true;
  }

  /** Everything that is looked up, anew. A routed service goes before one of the router's own with the same name. */
  #index(): void {
    const { health, ownPaths } = this.#parts;
    this.names = [...this.services.keys()];
    for (const { name, candidates } of this.services.values()) health.set(name, candidates.list.length > 0);
    this.paths.replace([...[...this.services.values()].flatMap(targetsOf), ...ownPaths]);
  }

  /** Of services that were learnt fallbacks lead nowhere: nothing says that their messages are alike. */
  #connect(): void {
    connectFallbacks(new Map([...this.services].filter(([name]) => this.#contract.services.has(name))));
  }
}

/** The paths of a service's methods, and that of its channel. */
function targetsOf({ name, routes, desc }: ServiceEntry): PathTarget[] {
  const register: Target = { kind: TargetKind.register, serviceName: name };
  return [...routes.map((route): PathTarget => [route.path, route]), [`/${desc.channel.typeName}/Register`, register]];
}
