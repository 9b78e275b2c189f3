// SPDX-License-Identifier: Apache-2.0
import { createRegistry, fromBinary } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import type { MethodPolicyFacts } from "../codegenv1/types.js";
import { completeMethodFacts } from "./complete-method-facts.js";
import { methodOf } from "./library.suite.js";

const hedging = { maxAttempts: 2 };
const notIdempotent = "its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run";
const streams = "the method must take one request, because each attempt needs the whole of it, and it takes a stream";
const ok = (rest: object): MethodPolicyFacts => ({ fallback: { reply: { code: 0, ...rest } } });

describe("completeMethodFacts()", () => {
  test.each<[string, MethodPolicyFacts, string, string]>([
    ["LendBook", { hedging }, "hedging", notIdempotent],
    ["WatchBooks", { hedging }, "hedging", notIdempotent],
    ["ReturnBooks", { hedging }, "hedging", streams],
    ["Chat", { hedging }, "hedging", streams],
    [
      "GetBook",
      { routeKey: { path: "user", fields: [] } },
      "routeKey",
      'message acme.v1.Request has no field "user" (it has user_id, shelf)',
    ],
    [
      "GetBook",
      { routeKey: { path: "shelf", fields: [] } },
      "routeKey",
      'field "shelf" is the message acme.v1.Shelf; a key must be one value, such as shelf.name',
    ],
    [
      "GetBook",
      { fallback: { service: "acme.v1.Library" } },
      "fallback.service",
      "service must be another service than the method's own",
    ],
    [
      "GetBook",
      ok({ payload: { titel: "x" } }),
      "fallback.reply.payload",
      'reply.payload must be the JSON of acme.v1.Book: key "titel" is unknown',
    ],
    [
      "GetBook",
      ok({ payload: { title: 5 } }),
      "fallback.reply.payload",
      "reply.payload must be the JSON of acme.v1.Book: cannot decode field acme.v1.Book.title from JSON: expected string, got 5",
    ],
    [
      "GetBook",
      ok({ payloadJson: '{"x":1}' }),
      "fallback.reply.payloadJson",
      'reply.payload_json must be the JSON of acme.v1.Book: key "x" is unknown',
    ],
    [
      "WatchBooks",
      ok({ payload: {} }),
      "fallback.reply.payload",
      "reply.payload must not be set, because the method answers with a stream",
    ],
    [
      "Chat",
      ok({ payloadJson: "{}" }),
      "fallback.reply.payloadJson",
      "reply.payload_json must not be set, because the method answers with a stream",
    ],
  ])("refuses for %s %j", (name, facts, path, reason) => {
    const { faults } = completeMethodFacts(facts, methodOf(name));
    expect(faults.map((fault) => [fault.path.join("."), fault.reason])).toEqual([[path, reason]]);
  });

  test.each<[string, MethodPolicyFacts, MethodPolicyFacts]>([
    ["GetBook", { hedging, timeoutMs: 5 }, { hedging, timeoutMs: 5 }],
    [
      "GetBook",
      { routeKey: { path: "shelf.name", fields: [] } },
      { routeKey: { path: "shelf.name", fields: [2, 1], kind: "string" } },
    ],
    ["GetBook", { fallback: { service: "acme.v1.Archive" } }, { fallback: { service: "acme.v1.Archive" } }],
    ["GetBook", { fallback: { failFast: true } }, { fallback: { failFast: true } }],
    [
      "GetBook",
      { fallback: { reply: { code: 14, message: "m" } } },
      { fallback: { reply: { code: 14, message: "m" } } },
    ],
    ["GetBook", ok({}), ok({ payloadBase64: "" })],
    ["ReturnBooks", ok({ payload: { title: "x" } }), ok({ payloadBase64: "CgF4" })],
    ["LendBook", ok({ payloadJson: '{"title":"x"}' }), ok({ payloadBase64: "CgF4" })],
    ["LendBook", ok({ payloadBase64: "CgF4" }), ok({ payloadBase64: "CgF4" })],
    ["WatchBooks", ok({}), ok({})],
  ])("completes for %s %j", (name, facts, completed) => {
    expect(completeMethodFacts(facts, methodOf(name))).toEqual({ facts: completed, faults: [] });
  });

  test("makes bytes that are the response message", () => {
    const method = methodOf("GetBook");
    const { facts } = completeMethodFacts(ok({ payload: { title: "Ü", shelf: { name: "s" } } }), method);
    const reply = facts.fallback !== undefined && "reply" in facts.fallback ? facts.fallback.reply : undefined;
    const bytes = base64Decode(reply?.payloadBase64 ?? "-");
    expect(fromBinary(method.output, bytes)).toMatchObject({ title: "Ü", shelf: { name: "s" } });
  });

  test("tells all faults of a method at once", () => {
    const method = methodOf("Chat");
    const registry = createRegistry(method.output);
    const facts = { hedging, routeKey: { path: "", fields: [] }, ...ok({ payload: 1 }) };
    const { faults } = completeMethodFacts(facts, method, { registry });
    expect(faults.map(({ path }) => path[0])).toEqual(["hedging", "routeKey", "fallback"]);
  });
});
