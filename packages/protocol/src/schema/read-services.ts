// SPDX-License-Identifier: Apache-2.0
import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import type { GenPolicies, MethodFacts } from "../codegenv1/types.js";
import { MAX_METHODS } from "../limits.js";
import { assignChannelNumbers } from "./channel-numbers.js";
import { createOptionReader, type MethodFactsRead, nameOf } from "./method-options.js";
import type { ProblemList } from "./problem-list.js";
import { pathOfMethod, pathOfService } from "./source-position.js";

/** A service that is to be routed, with what its .proto says of it: decided and checked. */
export interface RoutedService {
  readonly desc: DescService;
  /** In the order of the source. */
  readonly methods: readonly RoutedMethod[];
  /** What its options say of the service as a whole. */
  readonly policies: GenPolicies;
}

/** A method of a {@link RoutedService}. */
export interface RoutedMethod extends MethodFactsRead {
  readonly desc: DescMethod;
  /** Its number on channels. */
  readonly number: number;
}

/** How services are read. */
export interface ReadServicesOptions {
  /** All files that can be seen, those that are only imported included. */
  readonly allFiles: Iterable<DescFile>;
  /** Which services count, by full name. */
  readonly isWanted: (typeName: string) => boolean;
  /** Numbers for methods whose .proto cannot carry options, by `package.Service.Method`. */
  readonly pins: ReadonlyMap<string, number>;
  /** Takes every mistake, with its place. */
  readonly problems: ProblemList;
}

/** Whether a file belongs to gRPC Router itself; such files are never input. */
export function isOwnFile(file: DescFile): boolean {
  return /^grpcrouter(\.|$)/.test(file.proto.package);
}

/** Reads every wanted service of `files`, except those whose options say `skip`. */
export function readServices(files: readonly DescFile[], options: ReadServicesOptions): RoutedService[] {
  const { allFiles, isWanted, pins, problems } = options;
  const reader = createOptionReader(allFiles, problems);
  const found: RoutedService[] = [];
  for (const desc of files.filter((file) => !isOwnFile(file)).flatMap((file) => file.services)) {
    if (!isWanted(desc.typeName)) continue;
    const own = reader.readService(desc);
    if (own?.options.skip === true) continue;
    checkMethods(desc, problems);
    const read = desc.methods.map((method) => ({ method, facts: reader.readMethod(method, own) }));
    const numbered = read.map(({ method, facts }) => ({
      desc: method,
      option: facts.channelNumber,
      pin: pins.get(`${desc.typeName}.${method.name}`),
    }));
    const numbers = assignChannelNumbers(numbered, problems);
    const methods = read.map(({ method, facts }, i) => ({ desc: method, number: numbers[i] ?? 0, ...facts }));
    found.push({ desc, methods, policies: own?.policies ?? {} });
  }
  return found;
}

/** What is said of each method: the checked result of its options, with nothing that was not said. */
export function methodFactsRead({ number, facts }: Pick<RoutedMethod, "number" | "facts">): MethodFacts {
  return { number, ...facts };
}

/** What is said of the service as a whole; undefined if there is nothing to say. */
export function servicePoliciesRead({
  policies,
  methods,
}: {
  readonly policies: GenPolicies;
  readonly methods: readonly Pick<RoutedMethod, "desc" | "inherited">[];
}): GenPolicies | undefined {
  const named = methods.filter(({ inherited }) => inherited.length > 0);
  const inherited = Object.fromEntries(named.map(({ desc, inherited }) => [desc.localName, inherited]));
  const said = named.length === 0 ? policies : { ...policies, inherited };
  return Object.keys(said).length === 0 ? undefined : said;
}

/** A hello names every method, and TypeScript knows methods by their local names. */
function checkMethods(service: DescService, problems: ProblemList): void {
  if (service.methods.length > MAX_METHODS) {
    const reason = `a service must have at most ${MAX_METHODS} methods, it has ${service.methods.length}`;
    problems.add(service.file, pathOfService(service), `Cannot route ${service.typeName}: ${reason}`);
  }
  const holders = new Map<string, DescMethod>();
  for (const method of service.methods) {
    const holder = holders.get(method.localName);
    if (holder === undefined && method.localName !== "__proto__") {
      holders.set(method.localName, method);
      continue;
    }
    const by = holder === undefined ? "JavaScript itself" : holder.name;
    const reason = `its name in TypeScript, ${method.localName}, is taken by ${by}. Rename it`;
    problems.add(service.file, pathOfMethod(method), `Cannot route ${nameOf(method)}: ${reason}`);
  }
}
