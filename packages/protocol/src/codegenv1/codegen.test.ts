// SPDX-License-Identifier: Apache-2.0
// What generated modules and the people who use them rely on; most of it is judged by the compiler.

import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type CallStart,
  type CallStartSchema,
  ChannelService,
  type End,
  type EndSchema,
  file_grpcrouter_v1_channel,
} from "../gen/grpcrouter/v1/channel_pb.js";
import {
  bridgeDesc,
  type GenBridge,
  type GenRouter,
  isGenBridge,
  isGenRouter,
  type MethodName,
  type RequestOf,
  type ResponseOf,
  routerDesc,
  typedNumbers,
} from "./index.js";

type Users = GenService<{
  getUser: { methodKind: "unary"; input: typeof CallStartSchema; output: typeof EndSchema };
  watchUsers: { methodKind: "server_streaming"; input: typeof EndSchema; output: typeof CallStartSchema };
}>;

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: "users.proto",
    package: "acme",
    syntax: "proto3",
    dependency: ["grpcrouter/v1/channel.proto"],
    messageType: [frame("UsersCall", [2, 8, 16]), frame("UsersReply", [2, 16, 17])],
    service: [
      {
        name: "Users",
        method: [
          { name: "GetUser", inputType: ".grpcrouter.v1.CallStart", outputType: ".grpcrouter.v1.End" },
          {
            name: "WatchUsers",
            inputType: ".grpcrouter.v1.End",
            outputType: ".grpcrouter.v1.CallStart",
            serverStreaming: true,
          },
        ],
      },
      {
        name: "UsersChannel",
        method: [{ name: "Register", inputType: ".acme.UsersReply", outputType: ".acme.UsersCall" }],
      },
      { name: "Empty" },
    ],
  }),
  () => file_grpcrouter_v1_channel,
);

function frame(name: string, numbers: readonly number[]) {
  const field = numbers.map(
    (number) => ({ name: `f${number}`, number, label: 1, type: 11, typeName: ".grpcrouter.v1.Fragment" }) as const,
  );
  return { name, field };
}

function serviceOf(name: string): DescService {
  const service = registry.getService(`acme.${name}`);
  if (service === undefined) throw new Error(`Cannot find acme.${name}`);
  return service;
}

// The descriptor above is that of the type.
const users = serviceOf("Users") as unknown as Users;
const channel = serviceOf("UsersChannel");

const usersRouter: GenRouter<Users> = routerDesc(users, channel, {
  getUser: {
    number: 8,
    timeoutMs: 2000,
    retry: { maxAttempts: 3 },
    balance: { ringHash: {} },
    routeKey: { path: "user_id", fields: [1] },
  },
  watchUsers: { number: 16 },
});
const usersBridge: GenBridge<Users> = bridgeDesc(users, channel, { getUser: 8, watchUsers: 16 });

/** Settings as a router takes them: each method's functions see its own messages. */
interface Settings<Service extends DescService> {
  readonly methods?: {
    readonly [Name in MethodName<Service>]?: {
      readonly routeKey?: string | ((request: RequestOf<Service, Name>) => unknown);
      readonly onResponse?: (response: ResponseOf<Service, Name>) => ResponseOf<Service, Name> | undefined;
    };
  };
}

interface Router {
  service<Service extends DescService>(desc: GenRouter<Service>, settings?: Settings<Service>): Router;
}

const router: Router = { service: () => router };

describe("routerDesc()", () => {
  test("holds what the generator found out", () => {
    expect(usersRouter.service).toBe(users);
    expect(usersRouter.channel).toBe(channel);
    expect(usersRouter.methods.getUser).toMatchObject({ number: 8, timeoutMs: 2000 });
    expect(isGenRouter(usersRouter)).toBe(true);
    expect(isGenBridge(usersRouter)).toBe(false);
  });

  test("holds what belongs to the service, if the generator has said anything of it", () => {
    const methods = { getUser: { number: 8, timeoutMs: 5 }, watchUsers: { number: 16 } };
    const policies = { retryBudget: { share: 0.5 }, inherited: { getUser: ["timeoutMs"] } } as const;
    expect(routerDesc(users, channel, methods, policies).policies).toEqual(policies);
    expect(usersRouter).not.toHaveProperty("policies");
    // @ts-expect-error no such policy
    routerDesc(users, channel, methods, { retryBudgets: {} });
    // @ts-expect-error no such fact
    routerDesc(users, channel, methods, { inherited: { getUser: ["timeout"] } });
  });

  test("asks for every method, and for no other", () => {
    // @ts-expect-error watchUsers is missing
    routerDesc(users, channel, { getUser: { number: 8 } });
    // @ts-expect-error no such method
    routerDesc(users, channel, { getUser: { number: 8 }, watchUsers: { number: 16 }, other: { number: 9 } });
    // @ts-expect-error a method has a number
    routerDesc(users, channel, { getUser: {}, watchUsers: { number: 16 } });
  });
});

describe("bridgeDesc()", () => {
  test("holds the numbers as facts", () => {
    expect(usersBridge.methods).toEqual({ getUser: { number: 8 }, watchUsers: { number: 16 } });
    expect(isGenBridge(usersBridge)).toBe(true);
    expect(isGenRouter(usersBridge)).toBe(false);
    // @ts-expect-error watchUsers is missing
    bridgeDesc(users, channel, { getUser: 8 });
  });
});

describe("GenRouter", () => {
  test("lets each call of service() infer the messages of each method", () => {
    router
      .service(usersRouter, {
        methods: {
          getUser: {
            routeKey: (request) => {
              expectTypeOf(request).toEqualTypeOf<CallStart>();
              return request.authority;
            },
            onResponse: (response) => {
              expectTypeOf(response).toEqualTypeOf<End>();
              return undefined;
            },
          },
          watchUsers: { routeKey: (request) => request.message },
        },
      })
      .service(usersRouter);
    expectTypeOf<MethodName<Users>>().toEqualTypeOf<"getUser" | "watchUsers">();
    expectTypeOf<RequestOf<Users, "watchUsers">>().toEqualTypeOf<End>();
    expectTypeOf<ResponseOf<Users, "watchUsers">>().toEqualTypeOf<CallStart>();
  });

  test("points at the mistake", () => {
    // @ts-expect-error Property 'tenant' does not exist on type 'CallStart'
    router.service(usersRouter, { methods: { getUser: { routeKey: (request) => request.tenant } } });
    // @ts-expect-error 'getUsr' does not exist in type … Did you mean to write 'getUser'?
    router.service(usersRouter, { methods: { getUsr: {} } });
    // @ts-expect-error missing the following properties from type 'GenRouter…'
    router.service(users);
    // @ts-expect-error a bridge is no router
    router.service(usersBridge);
  });
});

describe("isGenRouter()", () => {
  test.each([undefined, null, 1, "router", {}, { $kind: "other" }, users])(
    "is false for anything else (case %#)",
    (value) => {
      expect(isGenRouter(value)).toBe(false);
      expect(isGenBridge(value)).toBe(false);
    },
  );
});

describe("typedNumbers()", () => {
  test("are those of the members that both frames have", () => {
    expect([...typedNumbers(channel)]).toEqual([16]);
    expect([...typedNumbers(ChannelService)]).toEqual([]);
    expect([...typedNumbers(serviceOf("Empty"))]).toEqual([]);
  });
});
