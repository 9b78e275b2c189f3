// SPDX-License-Identifier: Apache-2.0
import type { BoundHooks } from "./bound-hook.js";
import type { CallInterceptor } from "./call-interceptor.js";

/** The program's own code around the calls of a method; there is some. */
export interface Middleware {
  /** Around calls, the first outermost. */
  readonly interceptors: readonly CallInterceptor[];
  /** Around their messages. */
  readonly hooks: BoundHooks | undefined;
}

/** Undefined: there is none. */
export function createMiddleware(middleware: Middleware): Middleware | undefined {
  return middleware.interceptors.length === 0 && middleware.hooks === undefined ? undefined : middleware;
}
