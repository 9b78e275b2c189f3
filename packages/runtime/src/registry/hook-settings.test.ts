// SPDX-License-Identifier: Apache-2.0
// The types of hooks come from the generated module; mistakes are the compiler's.
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import type { CallStart, CallStartSchema, End, EndSchema } from "@grpc-router/protocol";
import { expectTypeOf, test } from "vitest";
import type { MessageHook } from "../intercept/message-hook.js";
import type { MethodSettings, RouterOptions, ServiceSettings } from "./settings.js";

type Users = GenService<{
  getUser: { methodKind: "unary"; input: typeof CallStartSchema; output: typeof EndSchema };
  syncUsers: { methodKind: "bidi_streaming"; input: typeof EndSchema; output: typeof EndSchema };
}>;

const settings = (given: ServiceSettings<Users>): ServiceSettings<Users> => given;

test("hooks get the messages of their method, and answer with such, now or later, or with nothing", () => {
  settings({
    methods: {
      getUser: {
        timeoutMs: 5,
        onRequest: (request) => {
          expectTypeOf(request).toEqualTypeOf<CallStart>();
          return request.timeoutUs > 0n ? request : undefined;
        },
        onResponse: async (response) => {
          expectTypeOf(response).toEqualTypeOf<End>();
          return await Promise.resolve(response);
        },
      },
      syncUsers: {
        onRequest: (request) => {
          request.message = "";
        },
        onResponse: async ({ message }) => {
          await Promise.resolve(message);
        },
      },
    },
  });
  const hook: MessageHook<End> = (end) => ({ ...end, message: "other" });
  settings({ methods: { syncUsers: { onRequest: hook } } });
});

test("mistakes do not compile", () => {
  // @ts-expect-error Property 'tenant' does not exist on type 'CallStart'
  settings({ methods: { getUser: { onRequest: (request) => (request.tenant ? request : undefined) } } });
  // @ts-expect-error the response is of another type
  settings({ methods: { getUser: { onResponse: (response: CallStart) => response } } });
  // @ts-expect-error an answer must be a message of the type
  settings({ methods: { syncUsers: { onRequest: () => "yes" } } });
  // @ts-expect-error the same for a promise of one
  settings({ methods: { syncUsers: { onRequest: async () => 1 } } });
  // @ts-expect-error 'onReqest' does not exist … Did you mean to write 'onRequest'?
  settings({ methods: { getUser: { onReqest: () => undefined } } });
  // @ts-expect-error hooks belong to one method
  settings({ onRequest: () => undefined });
  // @ts-expect-error also below a router
  expectTypeOf<RouterOptions>().toHaveProperty("onRequest");
  // @ts-expect-error and in what is said of all methods
  expectTypeOf<MethodSettings>().toHaveProperty("onResponse");
});
