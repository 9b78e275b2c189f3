// SPDX-License-Identifier: Apache-2.0

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import type { MethodCode } from "./served-method.js";
import type { MethodEntry } from "./served-service.js";

/** Code per method, by the service's name and the method's local name. */
export type RecordedRoutes = Map<string, Map<string, MethodEntry>>;

/**
 * Runs a `(router: ConnectRouter) => …` function and notes what it registers. Connect's own router wraps user code into
 * HTTP handlers that do not give it back, so this one stands in for it: same order, same rule that options of a
 * registration replace those of the router.
 */
export function recordRoutes(
  routes: (router: ConnectRouter) => void,
  interceptors: readonly Interceptor[],
): RecordedRoutes {
  const recorded: RecordedRoutes = new Map();
  const note = (method: DescMethod, code: MethodCode, options: { interceptors?: Interceptor[] } | undefined): void => {
    const name = method.parent.typeName;
    const methods = recorded.get(name) ?? new Map<string, MethodEntry>();
    recorded.set(name, methods.set(method.localName, { code, interceptors: options?.interceptors ?? interceptors }));
  };
  const router: ConnectRouter = {
    handlers: [],
    service(service, implementation, options) {
      for (const [method, code] of methodCodes(service, implementation)) note(method, code, options);
      return router;
    },
    rpc(method, code, options) {
      note(method, code as MethodCode, options);
      return router;
    },
  };
  routes(router);
  return recorded;
}

/** The methods that `implementation` has code for, bound to it. */
export function* methodCodes(
  service: DescService,
  implementation: object,
): Generator<readonly [method: DescMethod, code: MethodCode]> {
  for (const method of service.methods) {
    const code: unknown = Reflect.get(implementation, method.localName);
    // Checked to be a function; its signature is that of the method, by the type of the implementation.
    if (typeof code === "function") yield [method, code.bind(implementation) as MethodCode];
  }
}
