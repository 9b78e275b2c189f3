// SPDX-License-Identifier: Apache-2.0
// Every service of the generator's golden files, served by bridges behind the real router and called by a client that
// knows only their descriptors: generated code must not only compile, it must route.
import { globSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  equals,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { ServiceImpl } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { createBridge, createRoundRobin, createRouter, dialRouter, serveRouter } from "@grpc-router/node";
import type { GenBridge, GenRouter } from "@grpc-router/protocol/codegenv1";
import { describe, expect, test } from "vitest";
import { createGrpcJsClient } from "../clients/grpc-js-client.ts";

const folder = fileURLToPath(new URL("../../packages/protoc-gen-grpc-router/src/golden/", import.meta.url));
const modules = globSync("*/gen/**/*_router.{ts,js}", { cwd: folder })
  .filter((file) => !file.endsWith(".d.ts"))
  .sort();
const silent = { log() {} };
/** Strategies that the golden options name as their own. */
const balancers = new Map([["same-desk", () => createRoundRobin()]]);
/** Labels that the golden options select instances by. */
const labels = { version: "2", "disk type": "ssd" };

describe.each(modules)("golden %s", (file) => {
  test("all its methods answer through the router", async () => {
    const routers = await exportsOf<GenRouter<DescService>>(file);
    const bridges = await exportsOf<GenBridge<DescService>>(file.replace(/_router(\.\w+)$/, "_bridge$1"));
    expect(bridges.map((one) => one.service.typeName)).toEqual(routers.map((one) => one.service.typeName));
    const router = routers.reduce((all, one) => all.service(one), createRouter({ balancers }));
    const server = await serveRouter(router, { port: 0, logger: silent });
    const address = `${server.address.host}:${server.address.port}`;
    // A service without methods has nothing to serve.
    const served = bridges.filter((one) => one.service.methods.length > 0);
    const bridge = served.reduce((all, one) => all.service(one, answersOf(one)), createBridge({ labels }));
    const connection = dialRouter(bridge, { url: `http://${address}`, logger: silent });
    await connection.ready;
    const client = createGrpcJsClient(address);
    try {
      for (const method of routers.flatMap((one) => one.service.methods)) {
        const outcome = await client.call(method, [sample(method.input)]);
        expect(outcome.code, `${method.name}: ${outcome.details}`).toBe(grpc.status.OK);
        expect(outcome.messages.length, method.name).toBe(1);
        for (const message of outcome.messages) {
          expect(equals(method.output, message as Message, sample(method.output)), method.name).toBe(true);
        }
      }
    } finally {
      client.close();
      connection.close();
      await server.close();
    }
  });
});

test("the golden files hold all four kinds of method and at least six protos", () => {
  expect(new Set(modules.map((file) => relative(".", file).split("/")[0])).size).toBeGreaterThanOrEqual(6);
});

async function exportsOf<T>(file: string): Promise<T[]> {
  return Object.values((await import(`${folder}${file}`)) as Record<string, T>);
}

/** An implementation of each method that answers with the sample, once every request was read and was the sample, too. */
function answersOf(bridge: GenBridge<DescService>): Partial<ServiceImpl<DescService>> {
  const answers = bridge.service.methods.map((method) => [method.localName, answerOf(method)] as const);
  return Object.fromEntries(answers) as Partial<ServiceImpl<DescService>>; // each is made for its method's kind
}

function answerOf(method: DescMethod): unknown {
  const answer = sample(method.output);
  const check = (request: Message) => expect(equals(method.input, request, sample(method.input))).toBe(true);
  switch (method.methodKind) {
    case "unary":
      return (request: Message) => {
        check(request);
        return answer;
      };
    case "server_streaming":
      return async function* (request: Message) {
        check(request);
        yield answer;
      };
    case "client_streaming":
      return async (requests: AsyncIterable<Message>) => {
        for await (const request of requests) check(request);
        return answer;
      };
    case "bidi_streaming":
      return async function* (requests: AsyncIterable<Message>) {
        for await (const request of requests) {
          check(request);
          yield answer;
        }
      };
  }
}

/** A message with every singular field set to something that is not its default. */
function sample(desc: DescMessage, depth = 0): Message {
  const message = reflect(desc, create(desc));
  for (const field of desc.fields) {
    const value = sampleValue(field, depth);
    if (value !== undefined && (field.oneof === undefined || field.oneof.fields[0] === field))
      message.set(field, value);
  }
  return message.message as Message;
}

function sampleValue(field: DescField, depth: number): unknown {
  switch (field.fieldKind) {
    case "scalar":
      return scalarSamples[field.scalar];
    case "enum":
      return field.enum.values.at(-1)?.number;
    case "message":
      return depth < 2 ? reflect(field.message, sample(field.message, depth + 1)) : undefined;
    default:
      return undefined;
  }
}

const scalarSamples: Readonly<Record<ScalarType, unknown>> = {
  [ScalarType.DOUBLE]: 1.5,
  [ScalarType.FLOAT]: 2.5,
  [ScalarType.INT64]: -3n,
  [ScalarType.UINT64]: 4n,
  [ScalarType.INT32]: -5,
  [ScalarType.FIXED64]: 6n,
  [ScalarType.FIXED32]: 7,
  [ScalarType.BOOL]: true,
  [ScalarType.STRING]: "sample ☺",
  [ScalarType.BYTES]: new Uint8Array([0, 1, 255]),
  [ScalarType.UINT32]: 8,
  [ScalarType.SFIXED32]: -9,
  [ScalarType.SFIXED64]: -10n,
  [ScalarType.SINT32]: -11,
  [ScalarType.SINT64]: -12n,
};
